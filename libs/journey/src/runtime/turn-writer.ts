import { Injectable } from '@nestjs/common';
import { dropUnsent, forgetEffectNews, recordEffects } from '@percorso/delivery';
import { newId } from '@percorso/kernel';
import type { Held, Transaction } from '@percorso/storage';
import { visitKey } from '../engine/visit-key';
import { JobStore } from '../journey/job.store';
import { takeRoom } from './keep/cap.store';
import { CursorStore } from './intake/cursor.store';
import { HeldStore } from './intake/held.store';
import { InstanceStore } from './keep/instance.store';
import { shareJourneys } from '../journey/journey-lock';
import type { JourneyPlan } from './plan/journey-plan';
import { PlanLoader } from './plan/plan-loader';
import { Outbox } from './keep/outbox';
import type { Moved, StartedRead } from './walk/turn';
import { ReadStore } from './intake/read.store';
import { type NewRequest, RequestStore } from './intake/request.store';
import { keepCounts, keepRefusals, keepTrace } from './keep/trace.store';
import type { JobPage, Taken } from './intake/taken';
import type { TurnOutcome } from './turn-walker';

/** Something changed since it was read: nothing was written, and the turn is to be done again. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Keeps what a turn brought about, all of it or nothing. */
@Injectable()
export class TurnWriter {
  constructor(
    private readonly plans: PlanLoader,
    private readonly cursors: CursorStore,
    private readonly instances: InstanceStore,
    private readonly requests: RequestStore,
    private readonly reads: ReadStore,
    private readonly heldOnes: HeldStore,
    private readonly outbox: Outbox,
    private readonly jobs: JobStore,
  ) {}

  /** @throws Overtaken */
  async write(
    tx: Transaction,
    plan: JourneyPlan,
    held: readonly Held[],
    taken: Taken,
    outcome: TurnOutcome,
    now: Date,
  ): Promise<void> {
    tx.send(KEPT_PLANS);
    const { moved, messages, refusals, decisions } = outcome;
    const fresh = moved.filter((one) => one.fresh);
    const known = moved.filter((one) => !one.fresh);
    const [, mine, current] = await Promise.all([
      shareJourneys(tx),
      this.cursors.lock(tx, taken.share, held),
      this.plans.isCurrent(tx, plan),
    ]);
    assert(mine && current);
    if (taken.job) await this.tookJob(tx, taken.job, now);
    const kept = moved.map((one) => ({ ...one, traced: one.traced + one.trace.length }));
    const candidates = [...fresh.map(({ instance }) => instance), ...refusals];
    const considered = [...new Set(candidates.map(({ person }) => person))];
    const [living, room, updated, inserted, forgotten, decided] = await Promise.all([
      this.instances.living(tx, considered),
      takeRoom(tx, plan, moved),
      // Before those who enter: who leaves makes room for who comes again.
      this.instances.update(
        tx,
        kept.filter((one) => !one.fresh),
      ),
      this.instances.insert(
        tx,
        kept.filter((one) => one.fresh),
      ),
      forgetEffectNews(tx, taken.news),
      this.requests.decide(tx, decisions),
    ]);
    assert(living === considered.length && room);
    assert(inserted === fresh.length && updated === known.length);
    assert(forgotten === taken.news.length && decided === decisions.length);
    this.instances.keepWaits(
      tx,
      moved,
      known.map(({ instance }) => instance.id),
    );
    this.instances.park(tx, outcome.parked, new Date(taken.horizon));
    keepTrace(tx, moved);
    keepRefusals(tx, refusals);
    keepCounts(tx, moved, refusals, taken.share.of);
    this.heldOnes.remove(tx, taken.held);
    this.heldOnes.add(tx, [...outcome.held, ...messages.refused]);
    this.outbox.add(tx, outcome.sayings);
    this.requests.add(tx, jumpsOf(moved));
    this.reads.keep(tx, taken.pages, now);
    for (const read of outcome.reads) await this.startRead(tx, read, now);
    await dropUnsent(tx, givenUp(plan, moved), TIMED_OUT, now);
    await recordEffects(tx, messages.effects, now);
    if (taken.share.partitions.length > 0) this.cursors.move(tx, taken.share.partitions, taken.place);
    await tx.settled();
  }

  /** Given up or carried on by another process meanwhile, it is not for this one. */
  private async tookJob(tx: Transaction, { job, ids, last }: JobPage, now: Date): Promise<void> {
    const same = await this.jobs.lock(tx, job.id);
    assert(same?.afterId === job.afterId);
    await this.jobs.took(tx, job, ids, last, now);
  }

  private startRead(tx: Transaction, { live, event }: StartedRead, now: Date): Promise<void> {
    const { version, entry } = live;
    return this.reads.start(tx, {
      id: newId(),
      journeyId: version.journeyId,
      version: version.version,
      audienceId: entry.audienceId,
      since: null,
      perSecond: entry.perSecond,
      facts: { kind: 'event', event },
      startedAt: now,
    });
  }
}

/**
 * One plan for all values: what is written here is found by index, row by row, whatever statistics say. Above all for the
 * checks of foreign keys, which would else be planned for each row, at several times the price of writing it.
 */
const KEPT_PLANS = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)`;

function assert(unchanged: boolean): void {
  if (!unchanged) throw new Overtaken();
}

const TIMED_OUT = { code: 'timed-out', reason: 'The step of the journey waited no longer.' };

/** Calls whose steps have gone on without an answer: one that was not made by then is not made any more. */
const givenUp = (plan: JourneyPlan, moved: readonly Moved[]): string[] =>
  moved.flatMap(({ instance, trace }) =>
    trace.flatMap(({ step, visit, what, detail }) => {
      if (what !== 'left' || detail?.['timedOut'] !== true) return [];
      const { definition } = plan.version(instance.journeyId, instance.version) ?? {};
      return definition?.steps[step]?.kind === 'call' ? [visitKey(instance, visit)] : [];
    }),
  );

/** Who ends by a jump enters the other journey with the next turn, with the same key. */
const jumpsOf = (moved: readonly Moved[]): NewRequest[] =>
  moved.flatMap(({ instance: { person, key }, commands }) =>
    commands.flatMap(({ command, at }): NewRequest[] =>
      command.kind === 'jump'
        ? [
            {
              journeyId: command.journeyId,
              person,
              kind: 'jump',
              key,
              context: command.context,
              hops: command.hops,
              at: new Date(at),
            },
          ]
        : [],
    ),
  );
