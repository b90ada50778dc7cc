import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { diffMembers } from '../membership/diff-members';
import { shareMembership } from '../membership/membership-lock';
import { type AppliedChange, MembershipStore } from '../membership/membership.store';
import { MembershipSignal } from '../membership/membership.signal';
import { Sequencer } from '../membership/sequencer';
import { type Overtaking, SetGuard } from '../stream/set-guard';
import { driftFound } from '../stream/stream-metrics';
import { Sweeper } from '../stream/sweeper';
import { chunksOf } from './chunk-changes';
import { type EvaluationCause, type EvaluationLease, EvaluationStore, LeaseLost } from './evaluation.store';
import { isPassing, nameOf } from './passing-error';
import { type ComputedPass, type EvaluatedSet, SetPass } from './set-pass';

/** How the sets of one pass are written. */
interface Writing {
  pass: ComputedPass;
  overtaking: Overtaking;
  /** The incremental evaluation had come to the pass's moment: what differs is drift. */
  caughtUp: boolean;
  /** Evaluations of the pass whose turn to be written has not come. */
  waiting: EvaluationLease[];
}

/** Evaluations computed together at most; their leases are held until the last is written. */
export const PASS_SIZE = 100;
/** Seconds until an evaluation is tried again after an engine could not be reached. */
const RETRY_SECONDS = 5;

/** Brings an audience's membership to what its definition says of the data as it stands. */
@Injectable()
export class Evaluator {
  private readonly logger = new Logger(Evaluator.name);

  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sets: SetPass,
    private readonly evaluations: EvaluationStore,
    private readonly audiences: AudienceStore,
    private readonly memberships: MembershipStore,
    private readonly guard: SetGuard,
    private readonly sweeper: Sweeper,
    private readonly sequencer: Sequencer,
    private readonly signal: MembershipSignal,
  ) {}

  /**
   * Run one evaluation if it can be had, together with those of the workspace that wait, then what its audiences still
   * wait for; false when there is nothing to do here. A worker that dies leaves leases that end: the next one computes
   * the sets anew and writes only what is still missing, so nothing comes twice.
   */
  async evaluate(workspaceId: string, evaluationId: string): Promise<boolean> {
    const leases = await this.claim(workspaceId, evaluationId);
    if (leases.length === 0) return false;
    await this.run(workspaceId, leases);
    for (const { audienceId } of leases) {
      const next = await this.database.tx(workspaceId, (tx) => this.evaluations.next(tx, audienceId));
      if (next !== undefined) await this.evaluate(workspaceId, next);
    }
    return true;
  }

  private async claim(workspaceId: string, evaluationId: string): Promise<EvaluationLease[]> {
    const claim = (id: string): Promise<EvaluationLease | undefined> =>
      this.database.tx(workspaceId, (tx) => this.evaluations.claim(tx, id));
    const first = await claim(evaluationId);
    if (!first) return [];
    const leases = [first];
    for (const id of await this.database.tx(workspaceId, (tx) => this.evaluations.waiting(tx))) {
      if (leases.length === PASS_SIZE) break;
      // One transaction each: nobody holds an audience while waiting for another.
      const lease = await claim(id);
      if (lease) leases.push(lease);
    }
    return leases;
  }

  private async run(workspaceId: string, leases: readonly EvaluationLease[]): Promise<void> {
    try {
      const pass = await this.sets.compute(workspaceId, leases);
      for (const { lease, error } of pass.unusable) await this.giveUp(workspaceId, lease, error);
      if (pass.sets.length > 0) await this.writeAll(workspaceId, pass);
    } catch (error) {
      // What the engine cannot do may be one definition's alone.
      if (leases.length > 1 && !isPassing(error)) {
        for (const lease of leases) await this.run(workspaceId, [lease]);
      } else for (const lease of leases) await this.giveUp(workspaceId, lease, error);
    }
  }

  private async writeAll(workspaceId: string, pass: ComputedPass): Promise<void> {
    const writing: Writing = {
      pass,
      overtaking: this.guard.overtaking(pass.moment),
      caughtUp: await this.guard.caughtUp(workspaceId, pass.moment),
      waiting: pass.sets.map(({ lease }) => lease),
    };
    // Before any of them counts as settled: whom time alone will move is known by then.
    const moved = pass.sets.filter(({ lease }) => isMoved(lease)).map(({ definition }) => definition);
    await this.sweeper.sweepDefinitions(workspaceId, moved, pass.zone, pass.moment.asOf);
    for (const set of pass.sets) {
      writing.waiting.shift();
      try {
        await this.write(workspaceId, set, writing);
      } catch (error) {
        await this.giveUp(workspaceId, set.lease, error);
      } finally {
        this.signal.changed(workspaceId);
      }
    }
  }

  private async write(workspaceId: string, set: EvaluatedSet, writing: Writing): Promise<void> {
    const { lease, members } = set;
    const { pos, asOf } = writing.pass.moment;
    const asDrift = writing.caughtUp && !isMoved(lease);
    await this.apply(workspaceId, set, writing, asDrift);
    // Whoever sees it done and reads the log next, such as a sync, must find all of it there.
    await this.sequencer.drain(workspaceId, 'wait');
    await this.database.tx(workspaceId, async (tx) => {
      await this.evaluations.finish(tx, lease, {
        members: members.size,
        asOfPos: pos,
        asOf,
        endedAt: this.clock.now(),
        asDrift,
      });
      await this.evaluations.keep(tx, writing.waiting);
    });
  }

  /** Write what differs. */
  private async apply(
    workspaceId: string,
    { lease, members, wrong }: EvaluatedSet,
    { overtaking, waiting, pass }: Writing,
    asDrift: boolean,
  ): Promise<void> {
    if (asDrift && wrong > 0) {
      await this.database.tx(workspaceId, async (tx) => {
        await this.guard.hold(tx);
        await this.note(tx, lease, { entered: 0, exited: 0 }, wrong);
      });
      driftFound.inc(wrong);
    }
    const before = await this.database.tx(workspaceId, (tx) =>
      this.memberships.members(tx, lease.audienceId),
    );
    for (const chunk of chunksOf(diffMembers(before, members.persons()))) {
      const drift = await this.database.tx(workspaceId, async (tx) => {
        await this.guard.hold(tx);
        await shareMembership(tx);
        await this.assertCurrent(tx, lease);
        const done = await this.memberships.apply(tx, {
          entered: await overtaking.remaining(tx, chunk.entered),
          exited: await overtaking.remaining(tx, chunk.exited),
          audienceId: lease.audienceId,
          definitionVersion: lease.definitionVersion,
          cause: { kind: causeOf(lease), evaluationId: lease.id },
          at: pass.moment.asOf,
        });
        const drift = asDrift ? done.entered + done.exited : null;
        await this.note(tx, lease, done, drift);
        await this.evaluations.keep(tx, waiting);
        return drift;
      });
      driftFound.inc(drift ?? 0);
      this.signal.changed(workspaceId);
    }
  }

  /** What was kept in memory may be why there is drift: with it, so that no crash comes between, it is given up. */
  private async note(
    tx: Transaction,
    lease: EvaluationLease,
    done: AppliedChange,
    drift: number | null,
  ): Promise<void> {
    await this.evaluations.progress(tx, lease, done, drift);
    if (drift) await this.guard.distrustState(tx);
  }

  /** The audience still has the definition the set was computed from, and keeps it until the transaction ends. */
  private async assertCurrent(tx: Transaction, lease: EvaluationLease): Promise<void> {
    const audience = await this.audiences.lock(tx, lease.audienceId);
    if (audience?.definitionVersion !== lease.definitionVersion) {
      throw Problem.conflict(
        'definition-changed',
        'The definition was changed meanwhile: its own evaluation follows.',
      );
    }
  }

  private async giveUp(workspaceId: string, lease: EvaluationLease, error: unknown): Promise<void> {
    if (error instanceof LeaseLost) return;
    const passing = isPassing(error);
    const reason = error instanceof Problem ? error.message : 'The set could not be computed.';
    this.logger.warn(
      `Evaluation ${lease.id} ${passing ? 'will be tried again' : 'failed'}: ${nameOf(error)}`,
    );
    const write = this.database.tx(workspaceId, (tx) =>
      passing
        ? this.evaluations.release(tx, lease, RETRY_SECONDS)
        : this.evaluations.fail(tx, lease, reason, this.clock.now()),
    );
    // Without PostgreSQL the lease simply ends by itself.
    await write.catch((lost: unknown) =>
      this.logger.warn(`Evaluation ${lease.id} waits for its lease: ${nameOf(lost)}`),
    );
  }
}

/** Whether its members may be others than before by what was asked: what differs is no drift then. */
const isMoved = ({ backfilledVersion, definitionVersion, cause }: EvaluationLease): boolean =>
  backfilledVersion !== definitionVersion || cause !== null;

function causeOf(lease: EvaluationLease): 'backfill' | 'edit' | EvaluationCause | 'reconciliation' {
  if (lease.backfilledVersion === null) return 'backfill';
  if (lease.backfilledVersion !== lease.definitionVersion) return 'edit';
  return lease.cause ?? 'reconciliation';
}
