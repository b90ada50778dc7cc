import { Injectable } from '@nestjs/common';
import { type Page, PageQuery, readPage } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { arrangeJourney } from '../definition/arrange-journey';
import { parseJourney } from '../definition/parse-journey';
import { diffJson } from './diff-json';
import { graphOf, type JourneyGraph } from './journey-graph';
import { type JourneyDiff, type JourneyVersionView, LATEST, VersionsCompared } from './journey.dto';
import { JourneyService } from './journey.service';
import { JourneyStore, type VersionRow } from './journey.store';
import { versionView } from './journey.view';

/** The versions of a journey: what they say, and where they differ. */
@Injectable()
export class VersionService {
  constructor(
    private readonly database: Database,
    private readonly service: JourneyService,
    private readonly journeys: JourneyStore,
  ) {}

  list(workspaceId: string, id: string, query: PageQuery): Promise<Page<JourneyVersionView>> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.service.existing(tx, id);
      return readPage(
        query,
        (below: { version: number } | undefined, most) =>
          this.journeys.versions(tx, id, below?.version ?? LATEST, most),
        ({ version }) => ({ version }),
        versionView,
      );
    });
  }

  get(workspaceId: string, id: string, version: number): Promise<JourneyVersionView> {
    return this.database.tx(workspaceId, async (tx) => versionView(await this.require(tx, id, version)));
  }

  diff(workspaceId: string, id: string, asked: VersionsCompared): Promise<JourneyDiff> {
    return this.database.tx(workspaceId, async (tx) => {
      const { newestVersion } = await this.service.existing(tx, id);
      const to = asked.to ?? newestVersion;
      const from = asked.from ?? Math.max(1, to - 1);
      const [older, newer] = [await this.require(tx, id, from), await this.require(tx, id, to)];
      const [before, after] = [arrangeJourney(older.definition), arrangeJourney(newer.definition)];
      return { from, to, changes: diffJson(before, after) };
    });
  }

  graph(workspaceId: string, id: string, version?: number): Promise<JourneyGraph> {
    return this.database.tx(workspaceId, async (tx) => {
      const { definition } = await this.chosen(tx, id, version);
      const parsed = parseJourney(definition);
      if (!parsed.ok) throw Problem.conflict('unreadable', 'This release cannot read that version.');
      return graphOf(parsed.journey);
    });
  }

  /** A version, or the live one, or the newest. @throws Problem 404 */
  async chosen(tx: Transaction, id: string, version?: number): Promise<VersionRow> {
    const { liveVersion, newestVersion } = await this.service.existing(tx, id);
    return this.require(tx, id, version ?? liveVersion ?? newestVersion);
  }

  /** @throws Problem 404 */
  async require(tx: Transaction, id: string, version: number): Promise<VersionRow> {
    await this.service.existing(tx, id);
    const row = version >= 1 && version <= LATEST ? await this.journeys.version(tx, id, version) : undefined;
    if (!row) throw Problem.notFound('Journey version');
    return row;
  }
}
