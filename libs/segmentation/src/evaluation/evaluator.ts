import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { LoadGate } from '@percorso/profile';
import { Database, isUnavailable, Shards, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { resolveUsed } from '../audience/used-audiences';
import { compileSet } from '../compile/compile-set';
import type { Definition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { diffMembers } from '../membership/diff-members';
import { shareMembership } from '../membership/membership-lock';
import { MembershipStore } from '../membership/membership.store';
import { Sequencer } from '../membership/sequencer';
import { MembershipSignal } from '../membership/membership.signal';
import { chunksOf } from './chunk-changes';
import { EvaluationLease, EvaluationStore, LeaseLost } from './evaluation.store';
import { readUnitedPersons } from './united-set';
import { driftFound } from '../stream/stream-metrics';
import { type Overtaking, SetGuard } from '../stream/set-guard';
import { Sweeper } from '../stream/sweeper';

interface EvaluatedSet {
  definition: Definition;
  zone: string | undefined;
  persons: Uint32Array;
  asOfPos: number;
  asOf: Date;
  since: Date;
}

/** Seconds until an evaluation is tried again after an engine could not be reached. */
const RETRY_SECONDS = 5;

/** Brings an audience's membership to what its definition says of the data as it stands. */
@Injectable()
export class Evaluator {
  private readonly logger = new Logger(Evaluator.name);

  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly evaluations: EvaluationStore,
    private readonly audiences: AudienceStore,
    private readonly memberships: MembershipStore,
    private readonly guard: SetGuard,
    private readonly sweeper: Sweeper,
    private readonly sequencer: Sequencer,
    private readonly signal: MembershipSignal,
  ) {}

  /**
   * Run one evaluation if it can be had, then those of its audience that wait; false when there is nothing to do here. A worker that dies leaves a lease
   * that ends: the next one computes the set anew and writes only what is still missing, so nothing comes twice.
   */
  async evaluate(workspaceId: string, evaluationId: string): Promise<boolean> {
    const lease = await this.database.tx(workspaceId, (tx) => this.evaluations.claim(tx, evaluationId));
    if (!lease) return false;
    try {
      const set = await this.compute(workspaceId, lease);
      const moment = { pos: set.asOfPos, asOf: set.asOf, since: set.since };
      const caughtUp = await this.guard.caughtUp(workspaceId, moment);
      const first = lease.backfilledVersion !== lease.definitionVersion;
      const moved = first || lease.cause !== null;
      const asDrift = caughtUp && !moved;
      const changed = await this.apply(workspaceId, lease, set, this.guard.overtaking(moment), asDrift);
      // Before it counts as settled: whom time alone will move is known by then.
      if (moved) await this.sweeper.sweepDefinition(workspaceId, set.definition, set.zone, set.asOf);
      if (asDrift && changed > 0) await this.distrust(workspaceId, changed);
      // Whoever sees it done and reads the log next, such as a sync, must find all of it there.
      await this.sequencer.drain(workspaceId, 'wait');
      await this.database.tx(workspaceId, (tx) =>
        this.evaluations.finish(tx, lease, {
          members: set.persons.length,
          asOfPos: set.asOfPos,
          asOf: set.asOf,
          endedAt: this.clock.now(),
          asDrift,
        }),
      );
    } catch (error) {
      await this.giveUp(workspaceId, lease, error);
    } finally {
      this.signal.changed(workspaceId);
    }
    const next = await this.database.tx(workspaceId, (tx) => this.evaluations.next(tx, lease.audienceId));
    if (next !== undefined) await this.evaluate(workspaceId, next);
    return true;
  }

  /** What was kept in memory may be why: it is read again before it answers anything more. */
  private async distrust(workspaceId: string, drift: number): Promise<void> {
    driftFound.inc(drift);
    await this.database.tx(workspaceId, (tx) => this.guard.distrustState(tx));
  }

  private async compute(workspaceId: string, lease: EvaluationLease): Promise<EvaluatedSet> {
    const { definition, zone } = await this.database.tx(workspaceId, async (tx) => ({
      definition: await this.resolved(tx, lease),
      zone: await this.audiences.zone(tx),
    }));
    const since = this.clock.now();
    return this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const asOf = this.clock.now();
      const compiled = compileSet(definition, { workspaceId, now: asOf, asOfPos: pos, zone });
      const persons = await readUnitedPersons(this.shards, compiled);
      return { definition, zone, persons, asOfPos: pos, asOf, since };
    });
  }

  /** The lease's definition, with the conditions of the audiences it uses. */
  private async resolved(tx: Transaction, lease: EvaluationLease): Promise<Definition> {
    const { audienceId, definitionVersion } = lease;
    const parsed = parseDefinition(await this.audiences.definition(tx, audienceId, definitionVersion));
    if (!parsed.ok)
      throw Problem.invalid(parsed.errors, 'The audience has a definition this release cannot read.');
    const resolved = await resolveUsed(tx, this.audiences, parsed.definition, audienceId);
    if (resolved.ok) return resolved.definition;
    throw Problem.invalid(resolved.errors, 'The audience uses an audience that cannot be used.');
  }

  /** Write what differs; how much that was. */
  private async apply(
    workspaceId: string,
    lease: EvaluationLease,
    set: EvaluatedSet,
    overtaking: Overtaking,
    asDrift: boolean,
  ): Promise<number> {
    const before = await this.database.tx(workspaceId, (tx) =>
      this.memberships.members(tx, lease.audienceId),
    );
    let changed = 0;
    for (const chunk of chunksOf(diffMembers(before, set.persons))) {
      changed += await this.database.tx(workspaceId, async (tx) => {
        await this.guard.hold(tx);
        await shareMembership(tx);
        await this.assertCurrent(tx, lease);
        const done = await this.memberships.apply(tx, {
          entered: await overtaking.remaining(tx, chunk.entered),
          exited: await overtaking.remaining(tx, chunk.exited),
          audienceId: lease.audienceId,
          definitionVersion: lease.definitionVersion,
          cause: { kind: causeOf(lease), evaluationId: lease.id },
          at: set.asOf,
        });
        await this.evaluations.progress(tx, lease, done, asDrift);
        return done.entered + done.exited;
      });
      this.signal.changed(workspaceId);
    }
    return changed;
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

function causeOf(lease: EvaluationLease): 'backfill' | 'edit' | 'lookup' | 'reconciliation' {
  if (lease.backfilledVersion === null) return 'backfill';
  if (lease.backfilledVersion !== lease.definitionVersion) return 'edit';
  return lease.cause ?? 'reconciliation';
}

/** Whether trying again later may help: an engine is away, or two transactions met. */
function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return error.status === 503;
  const code = (error as { code?: unknown }).code;
  return (
    isUnavailable(error) ||
    code === '40P01' ||
    code === '40001' ||
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET'
  );
}

/** The kind of an error: messages of engines may quote data. */
function nameOf(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  return `${name ?? 'error'}${code === undefined ? '' : ` (${code})`}`;
}
