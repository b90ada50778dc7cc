import { Inject, Injectable } from '@nestjs/common';
import { audit, type Page, PageQuery, readPageById } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { usageProblem } from '@percorso/profile';
import { PreviewService } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import { JobStore } from './job.store';
import { JourneyCheck } from './journey-check';
import type { JobView, JourneyView, TestJourney } from './journey.dto';
import { JourneyService } from './journey.service';
import { type JourneyState, mayFollow } from './journey-state';
import { type JourneyRow, JourneyStore } from './journey.store';
import { journeyView } from './journey.view';
import { TestMarkStore } from './test-mark.store';
import { JourneyUsageGuard } from './usage-guard';
import { VersionService } from './version.service';

/** More are no test. */
const MOST_MARKED = 1000;

const ACTIONS: Partial<Record<JourneyState, string>> = {
  paused: 'journey.paused',
  live: 'journey.resumed',
  draining: 'journey.drained',
  stopped: 'journey.stopped',
};

/** Pauses, drains, stops and tests journeys. */
@Injectable()
export class LifecycleService {
  constructor(
    private readonly database: Database,
    private readonly service: JourneyService,
    private readonly versions: VersionService,
    private readonly journeys: JourneyStore,
    private readonly jobStore: JobStore,
    private readonly marks: TestMarkStore,
    private readonly check: JourneyCheck,
    private readonly previews: PreviewService,
    private readonly usage: JourneyUsageGuard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Problem 409 where the state does not follow the one there is */
  async setState(
    workspaceId: string,
    actor: string,
    id: string,
    state: 'paused' | 'live' | 'draining' | 'stopped',
  ): Promise<JourneyView> {
    const goesOn = state === 'live' || state === 'draining';
    if (goesOn && isId(id)) await this.usage.prepare(workspaceId, id);
    return this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.locked(tx, id);
      if (row.state === state) return journeyView(row);
      // Only publishing says what is to be live.
      const resumes = state !== 'live' || row.state === 'paused' || row.state === 'draining';
      if (!resumes || !mayFollow(row.state, state)) throw notAfter(row.state, state);
      if (goesOn) await this.requireUsage(tx, id);
      const at = this.clock.now();
      if (state === 'stopped') await this.jobStore.ask(tx, id, { kind: 'stop' }, actor, at);
      const pausedAt = state === 'paused' ? at : null;
      const liveVersion = state === 'stopped' ? null : row.liveVersion;
      await this.journeys.setState(tx, id, { state, liveVersion, pausedAt, test: null }, at);
      await audit(tx, actor, ACTIONS[state]!, id, {}, at);
      return journeyView(await this.service.existing(tx, id));
    });
  }

  /** Lets marked profiles in, and no others. @throws Problem 409 while others are inside, 422 */
  async test(workspaceId: string, actor: string, id: string, wanted: TestJourney): Promise<JourneyView> {
    const profiles = await this.marked(workspaceId, wanted);
    const { version, definition } = await this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.existing(tx, id);
      return this.versions.require(tx, id, wanted.version ?? row.newestVersion);
    });
    const { journey } = await this.check.require(definition, '', id);
    return this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.locked(tx, id);
      if (!mayFollow(row.state, 'test')) throw notAfter(row.state, 'test');
      await this.check.requireReferences(tx, journey, '', id);
      await this.check.requireUsage(tx, journey, '', id);
      const unknown = await this.marks.replace(tx, id, profiles, wanted.speed);
      if (unknown.size > 0) throw unknownProfiles(profiles, unknown);
      const at = this.clock.now();
      await this.journeys.use(tx, id, version, at);
      const test = { speed: wanted.speed, profiles: profiles.length };
      await this.journeys.setState(tx, id, { state: 'test', liveVersion: version, pausedAt: null, test }, at);
      await audit(tx, actor, 'journey.tested', id, { version, ...test }, at);
      return journeyView(await this.service.existing(tx, id));
    });
  }

  /** Those inside end, and it is a draft again. */
  endTest(workspaceId: string, actor: string, id: string): Promise<JourneyView> {
    return this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.locked(tx, id);
      if (row.state !== 'test') throw notAfter(row.state, 'draft');
      const at = this.clock.now();
      await this.jobStore.ask(tx, id, { kind: 'stop' }, actor, at);
      await this.marks.clear(tx, id);
      await this.toDraft(tx, row, at);
      await audit(tx, actor, 'journey.test-ended', id, {}, at);
      return journeyView(await this.service.existing(tx, id));
    });
  }

  jobs(workspaceId: string, id: string, query: PageQuery): Promise<Page<JobView>> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.service.existing(tx, id);
      return readPageById(query, (below, most) => this.jobStore.list(tx, id, below, most));
    });
  }

  /** @throws Problem 409 while somebody would go on with what a usage policy bars */
  private async requireUsage(tx: Transaction, id: string): Promise<void> {
    const verdict = await this.usage.verdict(tx, id);
    if (verdict.violations.length > 0) throw usageProblem(verdict.violations, 409);
    await this.journeys.saveUsage(tx, id, verdict);
  }

  private toDraft(tx: Transaction, { id }: JourneyRow, at: Date): Promise<void> {
    return this.journeys.setState(
      tx,
      id,
      { state: 'draft', liveVersion: null, pausedAt: null, test: null },
      at,
    );
  }

  private async marked(workspaceId: string, { profiles, definition }: TestJourney): Promise<string[]> {
    if ((profiles === undefined) === (definition === undefined)) {
      const message = 'Give either profiles or a definition that finds them.';
      throw Problem.invalid([{ pointer: '', code: 'one-of', message }]);
    }
    if (profiles) return profiles;
    const found = await this.previews.preview(workspaceId, { definition: definition!, sample: MOST_MARKED });
    if (found.count <= MOST_MARKED) return found.sample;
    const message = `Finds ${found.count} profiles; a test has ${MOST_MARKED} at most.`;
    throw Problem.invalid([{ pointer: '/definition', code: 'too-many', message }]);
  }
}

const notAfter = (from: JourneyState, to: JourneyState): Problem =>
  Problem.conflict('state', `A journey that is ${from} cannot become ${to}.`);

function unknownProfiles(profiles: readonly string[], unknown: ReadonlySet<string>): Problem {
  return Problem.invalid(
    profiles.flatMap((id, index) =>
      unknown.has(id)
        ? [
            {
              pointer: `/profiles/${index}`,
              code: 'unknown-profile',
              message: 'There is no profile with this id.',
            },
          ]
        : [],
    ),
  );
}
