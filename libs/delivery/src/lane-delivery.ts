import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { Delivered } from '@percorso/connector';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import type { Verdict } from '@percorso/plugin-kit';
import { Database, isUnavailable, Leases, type Transaction } from '@percorso/storage';
import { resultOf } from './call-result';
import { ConsentSource } from './consent-source';
import { deliveredEffects, deliveryCalls, deliveryLag } from './delivery-metrics';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import type { ClaimedEffect } from './effect';
import { readByIndex, settle } from './effect.store';
import { exchangesToKeep, keepExchanges } from './exchange.store';
import { noteResult } from './flow-learning';
import { noteTold, connectorPlace } from './flow.store';
import { type Claim, claimBatch, type ClaimTurn, FIRST_TURN } from './lane-claim';
import { WAITING } from './lanes-with-work';
import { outcomeOf } from './outcome';
import { itemOf, type Lane, ProviderGateway } from './provider-gateway';
import { byPolicy } from './unknown-decision';
import { addSuppressions } from './suppression.store';

export type SendClaim = Claim & { kind: 'send' };

/** How a call went, for who decides what is claimed next. */
export interface Sent {
  /** Milliseconds that one call of the plugin took in the mean. */
  callMs: number;
}

/** One batch of one connector: claimed and committed, then called, then its verdicts written. */
@Injectable()
export class LaneDelivery {
  private readonly logger = new Logger(LaneDelivery.name);

  constructor(
    private readonly database: Database,
    private readonly gateway: ProviderGateway,
    private readonly consentSource: ConsentSource,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(DELIVERY_OPTIONS) private readonly options: DeliveryOptions,
    @Optional() private readonly leases?: Leases,
  ) {}

  claim(workspaceId: string, connectorId: string, lane: Lane, turn: ClaimTurn = FIRST_TURN): Promise<Claim> {
    const mine = { ...turn, owner: this.leases?.id };
    return this.database.tx(workspaceId, (tx) =>
      claimBatch(tx, connectorId, lane, this.clock.now(), this.consentSource, this.options, mine),
    );
  }

  /** Whether effects are due: some may have waited for a person's call that was out, or for room. */
  async isWaiting(workspaceId: string, connectorId: string): Promise<boolean> {
    const [row] = await this.database.statement<{ waiting: boolean }>(
      workspaceId,
      `SELECT ${WAITING} AS waiting`,
      [workspaceId, this.clock.now(), connectorId],
    );
    return row?.waiting ?? false;
  }

  /** Calls the provider and writes what became of each effect. */
  async send(workspaceId: string, connectorId: string, lane: Lane, claim: SendClaim): Promise<Sent> {
    const started = performance.now();
    const { verdicts, held, broken } = await this.call(workspaceId, connectorId, claim);
    const tookMs = performance.now() - started;
    const capability = lane.capabilities[claim.operation] ?? NO_CAPABILITY;
    const now = this.clock.now();
    const outcomes = claim.effects.map((effect, index) => {
      const verdict = verdicts[index] ?? { status: 'unknown', code: 'no-verdict' };
      deliveredEffects.inc({ connector: connectorId, outcome: verdict.status });
      const attempt = held ? Math.min(effect.attempt, this.options.maxAttempts - 1) : effect.attempt;
      const situation = { attempt, doubtfulSince: effect.doubtfulSince, now, random: Math.random };
      const outcome = outcomeOf(verdict, lane, capability, situation, this.options);
      return { id: effect.id, outcome: byPolicy(outcome, claim.whenUnknown, situation, this.options) };
    });
    const exchanges = exchangesToKeep(verdicts, outcomes);
    const result = {
      ...resultOf(verdicts, broken),
      rows: claim.effects.length,
      seconds: tookMs / 1000,
      calls: claim.claimsOut,
    };
    await this.insist(workspaceId, started, async (tx) => {
      const [, written] = await Promise.all([
        readByIndex(tx),
        settle(tx, claim, outcomes, now),
        noteResult(tx, { connectorId, host: lane.host }, result, now, this.options),
        this.noteLag(tx, connectorId, claim.effects, verdicts, now),
        this.suppressBounced(tx, connectorId, lane, claim.effects, verdicts, now),
        keepExchanges(tx, exchanges, now),
      ]);
      if (written < outcomes.length) {
        this.logger.warn({ connectorId, lost: outcomes.length - written }, 'Verdicts came after their lease');
      }
    });
    deliveryCalls.inc({ connector: connectorId, end: result.end });
    const rounds = Math.ceil(claim.effects.length / (capability.batch * claim.calls));
    return { callMs: tookMs / rounds };
  }

  /** What a provider answered is known nowhere else: PostgreSQL is waited for as long as the claim may hold. */
  private async insist(
    workspaceId: string,
    started: number,
    work: (tx: Transaction) => Promise<void>,
  ): Promise<void> {
    const until = started + this.options.deadlineMs + this.options.graceMs;
    for (;;) {
      try {
        return await this.database.tx(workspaceId, work);
      } catch (error) {
        if (!isUnavailable(error) || performance.now() > until) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }

  private async call(
    workspaceId: string,
    connectorId: string,
    claim: SendClaim,
  ): Promise<{ verdicts: Delivered[]; held: boolean; broken: boolean }> {
    const items = claim.effects.map(itemOf);
    const all = (verdict: Verdict): Verdict[] => items.map(() => verdict);
    const { deadlineMs } = this.options;
    const { perSecond, calls } = claim;
    try {
      const limits = { deadlineMs, perSecond, calls };
      const verdicts = await this.gateway.deliver(workspaceId, connectorId, claim.operation, items, limits);
      return { verdicts, held: false, broken: false };
    } catch (error) {
      // A Problem says that nothing was sent: the connector itself must be mended, no row is to blame.
      if (error instanceof Problem) {
        this.logger.warn({ connectorId, code: error.code }, 'The connector cannot deliver');
        // What is not there for the moment, as a plugin that starts, comes back by itself.
        const broken = error.status < 500;
        return { verdicts: all({ status: 'retry', code: error.code }), held: true, broken };
      }
      this.logger.error({ connectorId, cause: causeOf(error) }, 'A delivery ended without verdicts');
      return { verdicts: all({ status: 'unknown', code: 'delivery-failed' }), held: false, broken: false };
    }
  }

  private async noteLag(
    tx: Transaction,
    connectorId: string,
    effects: readonly ClaimedEffect[],
    verdicts: readonly Verdict[],
    now: Date,
  ): Promise<void> {
    const told = effects.filter((_, index) => verdicts[index]?.status === 'accepted');
    if (told.length === 0) return;
    const oldest = Math.min(...told.map(({ changedAt }) => changedAt.getTime()));
    const lagMs = Math.max(0, now.getTime() - oldest);
    deliveryLag.observe({ connector: connectorId }, lagMs / 1000);
    await noteTold(tx, connectorPlace(connectorId), now, lagMs);
  }

  private async suppressBounced(
    tx: Transaction,
    connectorId: string,
    lane: Lane,
    effects: readonly ClaimedEffect[],
    verdicts: readonly Verdict[],
    at: Date,
  ): Promise<void> {
    const bounced = effects.filter((effect, index) => {
      const verdict = verdicts[index];
      return verdict?.status === 'rejected' && verdict.bounce === 'hard' && effect.address !== null;
    });
    await addSuppressions(
      tx,
      bounced.map((effect) => ({
        channel: effect.channel ?? lane.channel ?? 'email',
        address: effect.address ?? '',
        reason: 'hard-bounce',
        source: connectorId,
        at,
      })),
    );
  }
}

/** Between two tries to write down what a provider answered. */
const AGAIN_MS = 250;

const NO_CAPABILITY = { idempotency: 'none', batch: 1, perSecond: 1 } as const;

const causeOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
