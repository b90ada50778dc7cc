import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { DeliveryWaker } from './delivery-waker';
import type { EffectView, SettleEffect } from './effect.dto';
import { decide, STALE } from './effect.store';
import { dropExchanges } from './exchange.store';
import type { Outcome } from './outcome';

/** One effect as admins see it, and what only they can find out. */
@Injectable()
export class EffectService {
  constructor(
    private readonly database: Database,
    private readonly waker: DeliveryWaker,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get(workspaceId: string, id: string): Promise<EffectView> {
    return this.database.tx(workspaceId, (tx) => read(tx, id));
  }

  /** Ends a doubt by hand. What was not delivered is sent again, unless something newer was recorded meanwhile. */
  async settle(
    workspaceId: string,
    actor: string,
    id: string,
    { outcome, note }: SettleEffect,
  ): Promise<EffectView> {
    const settled = await this.database.tx(workspaceId, async (tx) => {
      const { stale } = await lockUnknownEffect(tx, id);
      const now = this.clock.now();
      const settlement = settlementOf(outcome, stale, now);
      await decide(tx, [{ id, outcome: settlement }], now);
      await dropExchanges(tx, [id]);
      if (settlement.state === 'pending') await noteReopened(tx, id, now);
      await audit(tx, actor, 'effect.settled', id, { outcome, ...(note === undefined ? {} : { note }) }, now);
      return read(tx, id);
    });
    if (settled.state === 'pending') await this.waker.wake(workspaceId, settled.connectorId);
    return settled;
  }
}

function settlementOf(outcome: SettleEffect['outcome'], stale: boolean, now: Date): Outcome {
  const reason = { code: 'settled-by-hand' };
  if (outcome === 'accepted') return { state: 'accepted', reason };
  return stale
    ? { state: 'superseded', reason: { code: 'newer-version' }, doubt: 'clear' }
    : { state: 'pending', reason, dueAt: now, doubt: 'clear' };
}

/** Whoever asks for it by hand gets it sent, though its run was cancelled. */
function noteReopened(tx: Transaction, id: string, now: Date): Promise<unknown> {
  return tx.query('UPDATE effect SET reopened_at = $3 WHERE workspace_id = $1 AND id = $2', [
    tx.workspaceId,
    id,
    now,
  ]);
}

async function lockUnknownEffect(tx: Transaction, id: string): Promise<{ stale: boolean }> {
  const { rows } = isId(id)
    ? await tx.query<{ state: string; stale: boolean }>(
        `SELECT e.state, ${STALE} AS stale FROM effect e WHERE e.workspace_id = $1 AND e.id = $2 FOR UPDATE OF e`,
        [tx.workspaceId, id],
      )
    : { rows: [] };
  if (!rows[0]) throw Problem.notFound('Effect');
  if (rows[0].state === 'unknown') return rows[0];
  throw Problem.conflict(
    'not-unknown',
    `The effect is ${rows[0].state}; only an unknown one can be settled by hand.`,
  );
}

async function read(tx: Transaction, id: string): Promise<EffectView> {
  if (!isId(id)) throw Problem.notFound('Effect');
  const [effects, attempts] = await Promise.all([
    tx.query<Omit<EffectView, 'attempts'>>(
      `SELECT id, connector_id AS "connectorId", run_id AS "runId", sync_id AS "syncId", profile_id AS "profileId", operation,
         membership_version::int AS "membershipVersion", state, reason_code AS "reasonCode", reason,
         provider_id AS "providerId", doubtful_since AS "doubtfulSince"
       FROM effect WHERE workspace_id = $1 AND id = $2`,
      [tx.workspaceId, id],
    ),
    tx.query<EffectView['attempts'][number]>(
      `SELECT attempt, started_at AS "startedAt", ended_at AS "endedAt", outcome, code FROM effect_attempt
       WHERE workspace_id = $1 AND effect_id = $2 ORDER BY attempt`,
      [tx.workspaceId, id],
    ),
  ]);
  if (!effects.rows[0]) throw Problem.notFound('Effect');
  return { ...effects.rows[0], attempts: attempts.rows };
}
