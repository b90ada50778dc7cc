import type { Transaction } from '@percorso/storage';
import { type Flow, NEW_FLOW } from './flow';
import type { UnknownPolicy } from './unknown-decision';

export const connectorPlace = (connectorId: string): string => `connector:${connectorId}`;
export const hostPlace = (host: string): string => `host:${host}`;

const COLUMNS = `per_second AS "perSecond", concurrency, rest_until AS "restUntil", failures, reason, breaker,
  coalesce(1000 * extract(epoch FROM free_at - clock_timestamp()), 0)::float8 AS "waitMs",
  learned_per_second AS "learnedPerSecond", step_per_second AS "stepPerSecond", learned_at AS "learnedAt",
  probe_at AS "probeAt", told_at AS "toldAt", lag_ms AS "lagMs", host,
  when_unknown AS "whenUnknown", version`;

export interface FlowRow extends Flow {
  toldAt: Date | null;
  lagMs: number | null;
  /** Of a connector: the host it calls. */
  host: string | null;
  whenUnknown: UnknownPolicy;
  version: string;
}

export const NO_ROW: FlowRow = {
  ...NEW_FLOW,
  toldAt: null,
  lagMs: null,
  host: null,
  whenUnknown: 'keep',
  version: '1',
};

export async function readFlow(tx: Transaction, place: string): Promise<FlowRow> {
  const { rows } = await tx.query<FlowRow>(
    `SELECT ${COLUMNS} FROM delivery_flow WHERE workspace_id = $1 AND place = $2`,
    [tx.workspaceId, place],
  );
  return rows[0] ?? NO_ROW;
}

/** The same held until the transaction ends, so that claims and calls' ends of one place wait for each other. */
export async function lockFlow(tx: Transaction, place: string): Promise<FlowRow> {
  const lock = (): Promise<FlowRow | undefined> =>
    tx
      .query<FlowRow>(
        `SELECT ${COLUMNS} FROM delivery_flow WHERE workspace_id = $1 AND place = $2 FOR NO KEY UPDATE`,
        [tx.workspaceId, place],
      )
      .then(({ rows }) => rows[0]);
  const found = await lock();
  if (found) return found;
  await tx.query('INSERT INTO delivery_flow (workspace_id, place) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    tx.workspaceId,
    place,
  ]);
  return (await lock()) ?? NO_ROW;
}

/** Writes what was learned; limits, tokens and what was told are written by others. */
export async function saveFlow(tx: Transaction, place: string, flow: Flow): Promise<void> {
  await tx.query(
    `UPDATE delivery_flow SET rest_until = $3, learned_per_second = $4, step_per_second = $5, learned_at = $6,
       breaker = $7, failures = $8, reason = $9, probe_at = $10
     WHERE workspace_id = $1 AND place = $2`,
    [
      tx.workspaceId,
      place,
      flow.restUntil,
      flow.learnedPerSecond,
      flow.stepPerSecond,
      flow.learnedAt,
      flow.breaker,
      flow.failures,
      flow.reason?.slice(0, 200) ?? null,
      flow.probeAt,
    ],
  );
}

/** Spends `rows` tokens at `perSecond`: nothing more leaves until they have come back. `host`: whom a connector calls. */
export function takeTokens(
  tx: Transaction,
  place: string,
  rows: number,
  perSecond: number,
  host?: string,
): Promise<unknown> {
  return tx.query(
    `UPDATE delivery_flow SET free_at = greatest(free_at, clock_timestamp()) + $3 * interval '1 second', host = $4
     WHERE workspace_id = $1 AND place = $2`,
    [tx.workspaceId, place, rows / perSecond, host ?? null],
  );
}

/** When the target was last told something, and how old that was. */
export function noteTold(tx: Transaction, place: string, at: Date, lagMs: number): Promise<unknown> {
  return tx.query(
    'UPDATE delivery_flow SET told_at = $3, lag_ms = $4 WHERE workspace_id = $1 AND place = $2',
    [tx.workspaceId, place, at, lagMs],
  );
}

/** What an admin sets. */
export type Limits = Pick<Flow, 'perSecond' | 'concurrency'> & { whenUnknown?: UnknownPolicy };

/** Limits of an admin, on a row that is locked. */
export async function saveLimits(
  tx: Transaction,
  place: string,
  { perSecond, concurrency, whenUnknown = 'keep' }: Limits,
): Promise<void> {
  await tx.query(
    `UPDATE delivery_flow SET per_second = $3, concurrency = $4, when_unknown = $5, free_at = NULL, version = version + 1
     WHERE workspace_id = $1 AND place = $2`,
    [tx.workspaceId, place, perSecond, concurrency, whenUnknown],
  );
}

/** Has open breakers let a call through now, and rests end. */
export async function probeNow(tx: Transaction, places: readonly string[], now: Date): Promise<void> {
  await tx.query(
    `UPDATE delivery_flow SET probe_at = CASE WHEN breaker = 'closed' THEN probe_at ELSE $3 END, rest_until = NULL
     WHERE workspace_id = $1 AND place = ANY($2::text[])`,
    [tx.workspaceId, places, now],
  );
}
