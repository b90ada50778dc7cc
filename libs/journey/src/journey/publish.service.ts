import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit } from '@percorso/access';
import { CLOCK, type Clock, type FieldError, Problem } from '@percorso/kernel';
import { usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import type { JourneyDefinition } from '../definition/definition';
import { parseJourney } from '../definition/parse-journey';
import { InsideStore } from './inside.store';
import { JobStore } from './job.store';
import { JourneyCheck } from './journey-check';
import type { InFlight, InFlightView, PublishedView, PublishJourney, VersionInside } from './journey.dto';
import { JourneyService } from './journey.service';
import { isUnderway, mayFollow } from './journey-state';
import { type JourneyRow, JourneyStore } from './journey.store';
import { journeyView } from './journey.view';
import { mapMistakes, unplacedSteps } from './move-check';
import { TestMarkStore } from './test-mark.store';
import { VersionService } from './version.service';

const STEPS = '/inFlight/steps';

/** Takes versions into use, and says what becomes of those inside. */
@Injectable()
export class PublishService {
  constructor(
    private readonly database: Database,
    private readonly service: JourneyService,
    private readonly versions: VersionService,
    private readonly journeys: JourneyStore,
    private readonly inside: InsideStore,
    private readonly jobs: JobStore,
    private readonly marks: TestMarkStore,
    private readonly check: JourneyCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @param dryRun tell what would become of those inside, and change nothing */
  async publish(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    wanted: PublishJourney,
    dryRun: boolean,
  ): Promise<PublishedView> {
    const { before, version, definition } = await this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.existing(tx, id);
      assertVersion(expected, row.version);
      const chosen = await this.versions.require(tx, id, wanted.version ?? row.newestVersion);
      return { before: row, version: chosen.version, definition: chosen.definition };
    });
    const { journey } = await this.check.require(definition, '', id);
    const { view, mistakes } = await this.database.tx(workspaceId, (tx) =>
      this.inFlight(tx, before, version, journey, wanted.inFlight),
    );
    if (dryRun) return { journey: journeyView(before), inFlight: view };
    if (mistakes.length > 0)
      throw Problem.invalid(mistakes, 'The step map does not say where everybody goes on.');
    return this.database.tx(workspaceId, async (tx) => {
      const row = await this.service.locked(tx, id, before.version);
      const usage = await this.checked(tx, row, journey);
      if (row.usageViolations.length > 0 && wanted.inFlight.choice === 'finish' && view.concerned > 0) {
        throw usageProblem(
          row.usageViolations,
          409,
          'Those inside would finish what usage policies bar: move or restart them.',
        );
      }
      const at = this.clock.now();
      const jobId = await this.ask(tx, actor, row, version, wanted.inFlight, at);
      await this.journeys.use(tx, id, version, at);
      await this.marks.clear(tx, id);
      const paused = row.state === 'paused';
      const state = paused ? 'paused' : 'live';
      const pausedAt = paused ? row.pausedAt : null;
      await this.journeys.setState(tx, id, { state, liveVersion: version, pausedAt, test: null }, at);
      await this.journeys.saveUsage(tx, id, usage);
      const { choice } = wanted.inFlight;
      await audit(tx, actor, 'journey.published', id, { version, inFlight: choice }, at);
      return { journey: journeyView(await this.service.existing(tx, id)), inFlight: { ...view, jobId } };
    });
  }

  private async checked(tx: Transaction, row: JourneyRow, journey: JourneyDefinition) {
    if (row.state !== 'live' && row.state !== 'paused' && !mayFollow(row.state, 'live')) {
      throw Problem.conflict('state', `A journey that is ${row.state} cannot be published.`);
    }
    await this.check.requireReferences(tx, journey, '', row.id);
    return this.check.requireUsage(tx, journey, '', row.id);
  }

  /** Whoever is inside for a test ends; of those underway the choice says it, and of who entered since they were counted. */
  private async ask(
    tx: Transaction,
    actor: string,
    { id, state }: JourneyRow,
    toVersion: number,
    { choice, steps }: InFlight,
    at: Date,
  ): Promise<string | null> {
    if (state === 'test') return this.jobs.ask(tx, id, { kind: 'stop' }, actor, at);
    if (!isUnderway(state) || choice === 'finish') return null;
    const job = choice === 'move' ? { kind: choice, toVersion, steps } : { kind: choice, toVersion };
    return this.jobs.ask(tx, id, job, actor, at);
  }

  /** Whom the choice concerns, and what a map misses. Read on its own: counting many may take seconds. */
  private async inFlight(
    tx: Transaction,
    { id, state }: JourneyRow,
    version: number,
    to: JourneyDefinition,
    { choice, steps }: InFlight,
  ): Promise<{ view: InFlightView; mistakes: FieldError[] }> {
    const others = isUnderway(state)
      ? (await this.inside.byVersion(tx, id)).filter((one) => one.version !== version)
      : [];
    const versions: VersionInside[] = [];
    const mistakes: FieldError[] = [];
    const froms: JourneyDefinition[] = [];
    for (const one of others) {
      const from = await this.readable(tx, id, one.version);
      if (from) froms.push(from);
      const unplaced = from && choice === 'move' ? unplacedSteps(from, to, steps) : [];
      const waiting = await this.inside.waiting(
        tx,
        id,
        one.version,
        unplaced.map(({ step }) => step),
      );
      const missing = unplaced.map((step) => ({ ...step, instances: waiting.get(step.step) ?? 0 }));
      versions.push({ ...one, missing });
      mistakes.push(...missing.map(({ step, kind }) => unmapped(one.version, step, kind)));
    }
    if (choice === 'move') {
      const wrong = mapMistakes(froms, to, steps);
      mistakes.push(...wrong.map((error) => ({ ...error, pointer: STEPS + error.pointer })));
    }
    const concerned = others.reduce((sum, { instances }) => sum + instances, 0);
    return { view: { choice, concerned, versions, jobId: null }, mistakes };
  }

  private async readable(
    tx: Transaction,
    id: string,
    version: number,
  ): Promise<JourneyDefinition | undefined> {
    const row = await this.journeys.version(tx, id, version);
    const parsed = row && parseJourney(row.definition);
    return parsed?.ok ? parsed.journey : undefined;
  }
}

const unmapped = (version: number, step: string, kind: string): FieldError => ({
  pointer: STEPS,
  code: 'unmapped',
  message: `Version ${version} waits at ${JSON.stringify(step)} (${kind}), whose place no step of the new version takes.`,
});
