import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import type { Verdict } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { backoffMs } from './backoff';
import { ConsentSource } from './consent-source';
import { DELIVERY_OPTIONS, type DeliveryOptions } from './delivery-options';
import type { ClaimedEffect } from './effect';
import { settle } from './effect.store';
import { type Claim, claimBatch } from './lane-claim';
import { clearFailures, laneState, restLane } from './lane-rest.store';
import { outcomeOf } from './outcome';
import { type Lane, ProviderGateway } from './provider-gateway';
import { addSuppressions } from './suppression.store';

type SendClaim = Claim & { kind: 'send' };

/** Whether the whole lane must pause after a call, and for how long. */
interface Rest {
  ms: number;
  failed: boolean;
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
  ) {}

  claim(workspaceId: string, connectorId: string, lane: Lane): Promise<Claim> {
    return this.database.tx(workspaceId, (tx) =>
      claimBatch(tx, connectorId, lane, this.clock.now(), this.consentSource, this.options),
    );
  }

  /** Calls the provider and writes what became of each effect. */
  async send(workspaceId: string, connectorId: string, lane: Lane, claim: SendClaim): Promise<void> {
    const { verdicts, held } = await this.call(workspaceId, connectorId, claim);
    const capability = lane.capabilities[claim.operation] ?? NO_CAPABILITY;
    const now = this.clock.now();
    const outcomes = claim.effects.map((effect, index) => {
      const verdict = verdicts[index] ?? { status: 'unknown', code: 'no-verdict' };
      const attempt = held ? Math.min(effect.attempt, this.options.maxAttempts - 1) : effect.attempt;
      const situation = { attempt, doubtfulSince: effect.doubtfulSince, now, random: Math.random };
      return { id: effect.id, outcome: outcomeOf(verdict, lane, capability, situation, this.options) };
    });
    await this.database.tx(workspaceId, async (tx) => {
      const written = await settle(tx, claim, outcomes, now);
      if (written < outcomes.length) {
        this.logger.warn({ connectorId, lost: outcomes.length - written }, 'Verdicts came after their lease');
      }
      const { failures } = await laneState(tx, connectorId, now);
      const rest = restAfter(verdicts, held, failures, this.options);
      if (rest) await restLane(tx, connectorId, new Date(now.getTime() + rest.ms), rest.failed);
      else if (failures > 0) await clearFailures(tx, connectorId);
      await this.suppressBounced(tx, connectorId, lane, claim.effects, verdicts, now);
    });
  }

  private async call(
    workspaceId: string,
    connectorId: string,
    claim: SendClaim,
  ): Promise<{ verdicts: Verdict[]; held: boolean }> {
    const items = claim.effects.map(({ key, payload }) => ({ key, payload }));
    const all = (verdict: Verdict): Verdict[] => items.map(() => verdict);
    try {
      const verdicts = await this.gateway.deliver(workspaceId, connectorId, claim.operation, items, {
        deadlineMs: this.options.deadlineMs,
      });
      return { verdicts, held: false };
    } catch (error) {
      // A Problem says that nothing was sent: the connector itself must be mended, no row is to blame.
      if (error instanceof Problem) {
        this.logger.warn({ connectorId, code: error.code }, 'The connector cannot deliver');
        return { verdicts: all({ status: 'retry', code: error.code }), held: true };
      }
      this.logger.error({ connectorId, cause: causeOf(error) }, 'A delivery ended without verdicts');
      return { verdicts: all({ status: 'unknown', code: 'delivery-failed' }), held: false };
    }
  }

  private async suppressBounced(
    tx: Parameters<typeof addSuppressions>[0],
    connectorId: string,
    lane: Lane,
    effects: ClaimedEffect[],
    verdicts: Verdict[],
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

const NO_CAPABILITY = { idempotency: 'none', batch: 1, perSecond: 1 } as const;

const causeOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

/** Retry-After holds for the whole lane; so does an outage, seen as a call of which every item should be retried. */
export function restAfter(
  verdicts: Verdict[],
  held: boolean,
  failures: number,
  options: DeliveryOptions,
): Rest | undefined {
  const retries = verdicts.flatMap((verdict) => (verdict.status === 'retry' ? [verdict] : []));
  const asked = Math.max(0, ...retries.map((verdict) => verdict.afterSeconds ?? 0)) * 1000;
  const outage = verdicts.length > 0 && retries.length === verdicts.length;
  if (asked > 0) return { ms: asked, failed: outage };
  if (!outage) return undefined;
  // One row that asks for another try may be that row's own trouble; its own backoff is enough at first.
  if (!held && verdicts.length === 1 && failures === 0) return { ms: options.backoffMs / 2, failed: true };
  return { ms: backoffMs(failures + 1, options, Math.random), failed: true };
}
