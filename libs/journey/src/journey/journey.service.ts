import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, PageQuery, readPageById } from '@percorso/access';
import { canonicalJson, CLOCK, type Clock, isId, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { InsideStore } from './inside.store';
import { JourneyCheck, type ReadJourney } from './journey-check';
import {
  ChangeJourney,
  CreateJourney,
  type JourneyValidity,
  type JourneyView,
  ValidateJourney,
} from './journey.dto';
import { type JourneyRow, JourneyStore } from './journey.store';
import { journeyView } from './journey.view';
import { ReferenceStore } from './reference.store';

const AT = '/definition';

/** Journeys as they are written: drafts, names, and whether they can be walked. */
@Injectable()
export class JourneyService {
  constructor(
    private readonly database: Database,
    private readonly journeys: JourneyStore,
    private readonly inside: InsideStore,
    private readonly references: ReferenceStore,
    private readonly check: JourneyCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, wanted: CreateJourney): Promise<JourneyView> {
    const id = newId();
    const read = await this.check.require(wanted.definition, AT, id);
    return this.database.tx(workspaceId, (tx) => this.insert(tx, actor, id, wanted, read));
  }

  /** A new one, with its first draft. @throws Problem 422 where it refers to what is not there */
  async insert(
    tx: Transaction,
    actor: string,
    id: string,
    { name, description = '' }: Pick<CreateJourney, 'name' | 'description'>,
    { journey, source }: ReadJourney,
  ): Promise<JourneyView> {
    const at = this.clock.now();
    await this.check.requireReferences(tx, journey, AT, id);
    const usage = await this.check.requireUsage(tx, journey, AT, id);
    await this.journeys.insert(tx, { id, name, description, definition: source, at });
    await this.journeys.saveUsage(tx, id, usage);
    await audit(tx, actor, 'journey.created', id, { name }, at);
    return journeyView(await this.existing(tx, id));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<JourneyView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, (after, most) => this.journeys.list(tx, after, most), journeyView),
    );
  }

  get(workspaceId: string, id: string): Promise<JourneyView> {
    return this.database.tx(workspaceId, async (tx) => journeyView(await this.existing(tx, id)));
  }

  async validate({ definition, journeyId }: ValidateJourney, workspaceId: string): Promise<JourneyValidity> {
    const errors = await this.check.mistakes(workspaceId, definition, journeyId);
    return { valid: errors.length === 0, errors };
  }

  rename(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    change: ChangeJourney,
  ): Promise<JourneyView> {
    return this.database.tx(workspaceId, async (tx) => {
      const before = await this.locked(tx, id, expected);
      const { name = before.name, description = before.description } = change;
      const at = this.clock.now();
      await this.journeys.rename(tx, id, { name, description }, at);
      await audit(tx, actor, 'journey.changed', id, { name }, at);
      return journeyView(await this.existing(tx, id));
    });
  }

  /** What is worked on from now on. A version that was taken into use stays as it is: the draft is the one after it. */
  async saveDraft(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    definition: object,
  ): Promise<JourneyView> {
    await this.get(workspaceId, id);
    const { journey, source } = await this.check.require(definition, AT, id);
    return this.database.tx(workspaceId, async (tx) => {
      const before = await this.locked(tx, id, expected);
      await this.check.requireReferences(tx, journey, AT, id);
      await this.check.requireUsage(tx, journey, AT, id);
      const newest = await this.journeys.version(tx, id, before.newestVersion);
      if (canonicalJson(newest!.definition) !== canonicalJson(source)) {
        const at = this.clock.now();
        const version = before.newestVersion + (before.isDraft ? 0 : 1);
        await this.journeys.saveDraft(tx, id, version, source, at);
        await this.journeys.touch(tx, id, at);
        await audit(tx, actor, 'journey.drafted', id, { version }, at);
      }
      return journeyView(await this.existing(tx, id));
    });
  }

  /** @throws Problem 409 while somebody is inside or could enter, or others that are live jump to it */
  remove(workspaceId: string, actor: string, id: string, expected: number): Promise<void> {
    return this.database.tx(workspaceId, async (tx) => {
      const { state, name } = await this.locked(tx, id, expected);
      if (state !== 'draft' && state !== 'stopped') {
        throw Problem.conflict('in-use', 'Stop the journey first.');
      }
      if (await this.inside.isAnybody(tx, id)) {
        throw Problem.conflict('in-use', 'Somebody is still inside; they are being ended.');
      }
      const jumping = await this.references.liveMentioning(tx, id);
      if (jumping.length > 0) {
        const names = jumping.map((one) => one.name).join(', ');
        throw Problem.conflict('in-use', `Other journeys jump to this one: ${names}.`);
      }
      const at = this.clock.now();
      await this.journeys.remove(tx, id, at);
      await audit(tx, actor, 'journey.deleted', id, { name }, at);
    });
  }

  /** @throws Problem 404 */
  async existing(tx: Transaction, id: string): Promise<JourneyRow> {
    const row = isId(id) ? await this.journeys.find(tx, id) : undefined;
    if (!row) throw Problem.notFound('Journey');
    return row;
  }

  /** The same, locked. @param expected the version the caller read; undefined: any @throws Problem 404, 412 */
  async locked(tx: Transaction, id: string, expected?: number): Promise<JourneyRow> {
    const row = isId(id) ? await this.journeys.lock(tx, id) : undefined;
    if (!row) throw Problem.notFound('Journey');
    if (expected !== undefined) assertVersion(expected, row.version);
    return row;
  }
}
