import { Inject, Injectable, Logger } from '@nestjs/common';
import { DeliveryWaker } from '@percorso/delivery';
import { CLOCK, type Clock, describeError, newId } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { Database, type Held, type Transaction } from '@percorso/storage';
import { type JourneyJob, JobStore } from '../journey/job.store';
import type { Arrival, VersionJob } from './arrivals';
import { readRoom } from './cap.store';
import { CursorStore } from './cursor.store';
import { FactFinder } from './fact-finder';
import { mayReach } from './goal-window';
import { goingOn } from './held.store';
import { InstanceStore, type KeptInstance, type LastEntry } from './instance.store';
import {
  journeyDueLag,
  journeyEntries,
  journeyEventLag,
  journeySteps,
  journeyTurnSeconds,
  journeyTurnsOvertaken,
} from './journey-metrics';
import type { JourneyPlan } from './journey-plan';
import { LiveFacts } from './live-facts';
import { MessagePlanner } from './message-planner';
import { Outbox, sayingsOf } from './outbox';
import { PersonTurn } from './person-turn';
import { entryKey, type Subject, type TurnScope } from './turn';
import { isHeld } from './pause';
import { PlanLoader } from './plan-loader';
import { StoodStill } from './stood-still';
import { readSpeeds } from './test-marks';
import { type JobPage, type Taken, TurnReader } from './turn-reader';
import { Overtaken, type TurnOutcome, TurnWriter } from './turn-writer';

export interface TurnResult {
  /** How much was taken up; 0 when nothing waited or another process is at it. */
  taken: number;
  /** There may be more at once. */
  more: boolean;
}

/** A turn whose writing takes longer is too large, one that is done in so little may grow. */
const LONG_MS = 150;
const SHORT_MS = 60;
const SLOWEST = 1 / 64;
/** A turn that was overtaken so often is left for later. */
const MOST_TRIES = 5;
const PARKED_AT_ONCE = 1000;
/** Advances that one person's timers may make in one turn; the rest follows in the next. */
const MOST_TIMERS = 200;

interface Read {
  plan: JourneyPlan;
  taken: Taken;
  scope: TurnScope;
  subjects: Subject[];
}

/**
 * Takes up what waits for journeys of a workspace, one turn at a time: read, walk everybody concerned, keep it all in one
 * short transaction. A crash before that leaves no trace, one after it nothing to be done again.
 */
@Injectable()
export class JourneyTurns {
  private readonly logger = new Logger(JourneyTurns.name);
  /** The part of a full turn that is taken up, by workspace. */
  private readonly paces = new Map<string, number>();
  private readonly still = new StoodStill();

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly plans: PlanLoader,
    private readonly cursors: CursorStore,
    private readonly reader: TurnReader,
    private readonly writer: TurnWriter,
    private readonly instances: InstanceStore,
    private readonly facts: LiveFacts,
    private readonly mappings: MappingRunner,
    private readonly messages: MessagePlanner,
    private readonly outbox: Outbox,
    private readonly delivery: DeliveryWaker,
    private readonly jobs: JobStore,
  ) {}

  /** @param held the partitions to work on, by leases of this process */
  turn(workspaceId: string, held: readonly Held[]): Promise<TurnResult> {
    return this.untilKept(workspaceId, held, (tx, now) => this.read(tx, held, now));
  }

  /** Carry out a page of what is asked of those on older versions. @returns how many it concerned */
  async page(workspaceId: string, job: JourneyJob & VersionJob, limit: number): Promise<number> {
    const { taken } = await this.untilKept(workspaceId, [], (tx, now) => this.readJob(tx, job, limit, now));
    return taken;
  }

  /** A turn that was overtaken is done again, a few times; then it is left for later. */
  private async untilKept(workspaceId: string, held: readonly Held[], reading: Reading): Promise<TurnResult> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.once(workspaceId, held, reading);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        journeyTurnsOvertaken.inc();
        if (tries === MOST_TRIES) return { taken: 0, more: true };
      }
    }
  }

  private async once(workspaceId: string, held: readonly Held[], reading: Reading): Promise<TurnResult> {
    const now = this.clock.now();
    const timer = journeyTurnSeconds.startTimer({ part: 'read' });
    const read = await this.database.tx(workspaceId, (tx) => reading(tx, now));
    timer();
    if (!read) return { taken: 0, more: false };
    const { plan, taken } = read;
    const walking = journeyTurnSeconds.startTimer({ part: 'walk' });
    const { outcome, unfinished } = await this.walk(workspaceId, read);
    walking();
    const writing = journeyTurnSeconds.startTimer({ part: 'write' });
    await this.database.tx(workspaceId, (tx) => this.writer.write(tx, plan, held, taken, outcome, now));
    this.adapt(workspaceId, writing() * 1000);
    const refused = outcome.messages.refused.length > 0;
    if (refused) this.still.kept(workspaceId);
    observe(taken, outcome, now);
    await this.follow(workspaceId, outcome, now);
    return { taken: taken.count, more: taken.more || unfinished || refused };
  }

  /** What waits, with all that has to be known of those concerned; undefined where there is nothing to do. */
  private async read(tx: Transaction, held: readonly Held[], now: Date): Promise<Read | undefined> {
    const plan = await this.plans.load(tx);
    if (plan.isEmpty) {
      await this.sleep(tx, held);
      return undefined;
    }
    const workspaceId = tx.workspaceId!;
    const own = held.map(({ partition }) => partition);
    const looks = this.still.mayGoOn(workspaceId, own, plan, now);
    const unparked = looks ? await this.instances.unpark(tx, goingOn(plan), now, PARKED_AT_ONCE) : 0;
    const pace = this.paces.get(workspaceId) ?? 1;
    const taken = await this.reader.read(tx, plan, held, now, { pace, released: looks });
    if (taken) taken.more ||= unparked === PARKED_AT_ONCE;
    if (taken && looks && unparked + taken.held.length === 0)
      this.still.found(workspaceId, taken.share.partitions, plan, now);
    if (!taken || (taken.count === 0 && !taken.moves)) return undefined;
    return this.know(tx, plan, taken, now);
  }

  /** The next instances that a job concerns; undefined where their journey stands still. */
  private async readJob(
    tx: Transaction,
    { id }: JourneyJob,
    limit: number,
    now: Date,
  ): Promise<Read | undefined> {
    const [plan, job] = [await this.plans.load(tx), await this.jobs.lock(tx, id)];
    const journey = job && plan.journeys.get(job.journeyId);
    if (!job || job.kind === 'stop' || !journey || isHeld(journey)) return undefined;
    const ids = await this.jobs.page(tx, job, limit);
    const { of } = await this.cursors.read(tx, []);
    return this.know(tx, plan, jobTaken({ job, ids, last: ids.length < limit }, of), now);
  }

  /** With all that has to be known of those concerned. */
  private async know(tx: Transaction, plan: JourneyPlan, taken: Taken, now: Date): Promise<Read> {
    const { persons } = taken;
    const [active, followed] = await Promise.all([
      this.instances.active(tx, persons, taken.instanceIds),
      this.instances.followed(tx, mayReach(plan, taken.arrivals)),
    ]);
    const instances = [...active, ...followed];
    placeOutcomes(taken, instances);
    if (taken.job) placeJob(taken, taken.job, instances, now);
    const everybody = [...new Set([...persons, ...instances.map(({ instance }) => instance.person)])];
    const journeys = [...plan.journeys.values()];
    const limited = journeys.flatMap(({ id, live }) =>
      live && live.definition.reentry.kind !== 'always' ? [id] : [],
    );
    const [profileIds, last, room, speeds] = await Promise.all([
      this.instances.profileIds(tx, everybody),
      this.instances.lastEntries(tx, limited, [...taken.arrivals.keys()]),
      readRoom(tx, plan),
      readSpeeds(
        tx,
        journeys.filter(({ state }) => state === 'test').map(({ id }) => id),
        [...taken.arrivals.keys()],
      ),
    ]);
    const facts = new FactFinder(this.facts.of(tx.workspaceId!), this.mappings, plan);
    return {
      plan,
      taken,
      scope: {
        plan,
        facts,
        room,
        now: now.getTime(),
        horizon: taken.horizon,
        mostTimers: MOST_TIMERS,
        newId,
        speedOf: (journeyId, person) => speeds.get(`${journeyId} ${person}`),
      },
      subjects: subjectsOf(everybody, taken, instances, profileIds, last),
    };
  }

  /** Nobody can enter and nobody is on the way: the partitions follow the logs no more. */
  private async sleep(tx: Transaction, held: readonly Held[]): Promise<void> {
    const { cursors } = await this.cursors.read(tx, held);
    for (const { partition, ...place } of cursors.filter(({ awake }) => awake)) {
      this.cursors.move(tx, [partition], { ...place, awake: false });
    }
  }

  private async walk(
    workspaceId: string,
    { scope, subjects }: Read,
  ): Promise<{ outcome: TurnOutcome; unfinished: boolean }> {
    const { facts } = scope;
    const turns = subjects.map((subject) => new PersonTurn(scope, subject));
    const walked = async (): Promise<TurnOutcome> => {
      await Promise.all(turns.map((turn) => turn.run()));
      for (const { failure } of turns) {
        if (failure)
          this.logger.error(`Steps of a profile cannot be walked: ${describeError(failure.error)}`);
      }
      const moved = turns.flatMap((turn) => turn.changed);
      const messages = await this.messages.plan(workspaceId, moved, facts);
      const saying = moved.filter(({ commands }) => commands.some(({ command }) => SAYS.has(command.kind)));
      const sayings = await Promise.all(
        saying.map(async (one) => sayingsOf(one, await facts.document(one.instance.person, scope.now))),
      );
      return {
        moved,
        messages,
        sayings: sayings.flat(),
        refusals: turns.flatMap(({ refusals }) => refusals),
        decisions: turns.flatMap(({ decisions }) => decisions),
        held: turns.flatMap((turn) => turn.held),
        reads: turns.flatMap(({ reads }) => reads),
        parked: turns.flatMap(({ parked }) => parked),
      };
    };
    const outcome = await Promise.race([walked(), facts.broken]);
    return { outcome, unfinished: turns.some((turn) => turn.unfinished) };
  }

  private adapt(workspaceId: string, tookMs: number): void {
    const pace = this.paces.get(workspaceId) ?? 1;
    if (tookMs > LONG_MS) this.paces.set(workspaceId, Math.max(SLOWEST, pace / 2));
    else if (pace < 1 && tookMs < SHORT_MS) this.paces.set(workspaceId, Math.min(1, pace * 2));
  }

  /** What was kept is on its way without this, too: later, when it is found. */
  private async follow(workspaceId: string, outcome: TurnOutcome, now: Date): Promise<void> {
    const { effects } = outcome.messages;
    for (const id of new Set(effects.map(({ connectorId }) => connectorId))) {
      await this.delivery.wake(workspaceId, id);
    }
    if (outcome.sayings.length > 0) await this.outbox.drain(workspaceId, now);
  }
}

type Reading = (tx: Transaction, now: Date) => Promise<Read | undefined>;

/** Nothing is taken up but what a job asks of some instances, each at this moment. */
const jobTaken = (job: JobPage, of: number): Taken => ({
  share: { cursors: [], partitions: [], of },
  place: { pos: 0, epoch: null, deltaPos: 0, awake: true },
  moves: false,
  // Their waits are for those whose turn it is.
  horizon: -Infinity,
  arrivals: new Map(),
  persons: [],
  due: new Set(),
  instanceIds: job.ids,
  news: [],
  held: [],
  requests: [],
  pages: [],
  count: job.ids.length,
  more: false,
  job,
});

function placeJob(
  { arrivals }: Taken,
  { job }: JobPage,
  instances: readonly KeptInstance[],
  now: Date,
): void {
  if (job.kind === 'stop') return;
  for (const { instance } of instances) {
    const arrival: Arrival = { kind: 'job', at: now.getTime(), instanceId: instance.id, job };
    arrivals.set(instance.person, [...(arrivals.get(instance.person) ?? []), arrival]);
  }
}

const SAYS = new Set(['traits', 'consent', 'list']);

/** What became of an effect concerns whoever its instance is by now. */
function placeOutcomes({ arrivals }: Taken, instances: readonly KeptInstance[]): void {
  const persons = new Map(instances.map(({ instance }) => [instance.id, instance.person]));
  for (const [person, all] of [...arrivals]) {
    for (const arrival of all) {
      const now = arrival.kind === 'outcome' ? persons.get(arrival.instanceId) : undefined;
      if (now === undefined || now === person) continue;
      arrivals.set(
        now,
        [...(arrivals.get(now) ?? []), arrival].sort((a, b) => a.at - b.at),
      );
      arrivals.set(
        person,
        arrivals.get(person)!.filter((one) => one !== arrival),
      );
    }
  }
}

function subjectsOf(
  persons: readonly number[],
  { arrivals, due }: Taken,
  instances: readonly KeptInstance[],
  profileIds: ReadonlyMap<number, string>,
  last: readonly LastEntry[],
): Subject[] {
  const own = new Map<number, KeptInstance[]>();
  for (const kept of instances) {
    const { person } = kept.instance;
    own.set(person, [...(own.get(person) ?? []), kept]);
  }
  const entries = new Map<number, Map<string, number>>();
  for (const { person, journeyId, key, enteredAt } of last) {
    const of = entries.get(person) ?? new Map<string, number>();
    entries.set(person, of.set(entryKey(journeyId, key), enteredAt.getTime()));
  }
  return persons.map((person) => {
    const profileId = profileIds.get(person);
    return {
      person,
      ...(profileId !== undefined && { profileId }),
      instances: own.get(person) ?? [],
      lastEntries: entries.get(person) ?? new Map<string, number>(),
      arrivals: arrivals.get(person) ?? [],
      due: due.has(person),
    };
  });
}

function observe({ arrivals, oldestDue }: Taken, { moved, refusals }: TurnOutcome, now: Date): void {
  const entered = moved.filter(({ fresh }) => fresh).length;
  if (entered > 0) journeyEntries.inc({ outcome: 'entered' }, entered);
  for (const { code } of refusals) journeyEntries.inc({ outcome: code });
  const began = moved.flatMap(({ trace }) =>
    trace.filter(({ step, what }) => step !== '' && (what === 'passed' || what === 'entered')),
  );
  journeySteps.inc(began.length);
  if (oldestDue) journeyDueLag.observe(Math.max(0, (now.getTime() - oldestDue.getTime()) / 1000));
  let oldest = Infinity;
  for (const all of arrivals.values()) {
    for (const arrival of all)
      if (arrival.kind === 'event') oldest = Math.min(oldest, arrival.event.receivedAt);
  }
  if (oldest < Infinity) journeyEventLag.observe(Math.max(0, (now.getTime() - oldest) / 1000));
}
