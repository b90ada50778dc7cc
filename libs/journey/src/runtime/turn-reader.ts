import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import type { Held, Transaction } from '@percorso/storage';
import { type JourneyJob, JobStore } from '../journey/job.store';
import { CursorStore } from './intake/cursor.store';
import { FactFinder } from './walk/fact-finder';
import { goingOn } from './intake/held.store';
import { InstanceStore } from './keep/instance.store';
import type { JourneyPlan } from './plan/journey-plan';
import { LiveFacts } from './walk/live-facts';
import { isHeld } from './plan/pause';
import { PlanLoader } from './plan/plan-loader';
import { StoodStill } from './intake/stood-still';
import { SubjectReader } from './intake/subject-reader';
import { jobTaken, type Taken } from './intake/taken';
import type { Subject, TurnScope } from './walk/turn';
import { TurnIntake } from './intake/turn-intake';

const PARKED_AT_ONCE = 1000;
/** Advances that one person's timers may make in one turn; the rest follows in the next. */
const MOST_TIMERS = 200;

/** What a turn has read: all that it is to walk. */
export interface TurnRead {
  plan: JourneyPlan;
  taken: Taken;
  scope: TurnScope;
  subjects: Subject[];
}

/** Reads what there is for a turn to do, with all that has to be known for it; undefined where there is nothing. */
@Injectable()
export class TurnReader {
  constructor(
    private readonly plans: PlanLoader,
    private readonly cursors: CursorStore,
    private readonly intake: TurnIntake,
    private readonly subjects: SubjectReader,
    private readonly instances: InstanceStore,
    private readonly jobs: JobStore,
    private readonly still: StoodStill,
    private readonly facts: LiveFacts,
    private readonly mappings: MappingRunner,
  ) {}

  /** What waits. @param pace 1 or less: the part of a full turn that is taken up */
  async waiting(
    tx: Transaction,
    held: readonly Held[],
    now: Date,
    pace: number,
  ): Promise<TurnRead | undefined> {
    const plan = await this.plans.load(tx);
    if (plan.isEmpty) {
      await this.sleep(tx, held);
      return undefined;
    }
    const workspaceId = tx.workspaceId!;
    const own = held.map(({ partition }) => partition);
    const looks = this.still.mayGoOn(workspaceId, own, plan, now);
    const unparked = looks ? await this.instances.unpark(tx, goingOn(plan), now, PARKED_AT_ONCE) : 0;
    const taken = await this.intake.take(tx, plan, held, now, { pace, released: looks });
    if (!taken) return undefined;
    taken.more ||= unparked === PARKED_AT_ONCE;
    if (looks && unparked + taken.held.length === 0)
      this.still.found(workspaceId, taken.share.partitions, plan, now);
    return taken.count === 0 && !taken.moves ? undefined : this.know(tx, plan, taken, now);
  }

  /** The next instances that a job concerns; none where their journey stands still. */
  async ofJob(tx: Transaction, { id }: JourneyJob, limit: number, now: Date): Promise<TurnRead | undefined> {
    const [plan, job] = [await this.plans.load(tx), await this.jobs.lock(tx, id)];
    const journey = job && plan.journeys.get(job.journeyId);
    if (!job || job.kind === 'stop' || !journey || isHeld(journey)) return undefined;
    const ids = await this.jobs.page(tx, job, limit);
    const { of } = await this.cursors.read(tx, []);
    return this.know(tx, plan, jobTaken({ job, ids, last: ids.length < limit }, of), now);
  }

  private async know(tx: Transaction, plan: JourneyPlan, taken: Taken, now: Date): Promise<TurnRead> {
    const { subjects, ...surroundings } = await this.subjects.read(tx, plan, taken, now);
    const scope: TurnScope = {
      plan,
      facts: new FactFinder(this.facts.of(tx.workspaceId!), this.mappings, plan),
      now: now.getTime(),
      horizon: taken.horizon,
      mostTimers: MOST_TIMERS,
      newId,
      ...surroundings,
    };
    return { plan, taken, scope, subjects };
  }

  /** Nobody can enter and nobody is on the way: the partitions follow the logs no more. */
  private async sleep(tx: Transaction, held: readonly Held[]): Promise<void> {
    const { cursors } = await this.cursors.read(tx, held);
    for (const { partition, ...place } of cursors.filter(({ awake }) => awake)) {
      this.cursors.move(tx, [partition], { ...place, awake: false });
    }
  }
}
