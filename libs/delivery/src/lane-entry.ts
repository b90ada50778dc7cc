import type { Transaction } from '@percorso/storage';
import type { DeliveryOptions } from './delivery-options';
import { callsOut, type HeldSyncs, heldSyncs, IS_OUT } from './effect.store';
import { type Flow, gateOf, shareCalls } from './flow';
import { connectorPlace, type FlowRow, hostPlace, lockFlow, readFlow } from './flow.store';

/** Whether a connector may be called now, and how much. */
export type Entry =
  | { open: false; waitMs?: number }
  | {
      open: true;
      flow: FlowRow;
      hostFlow?: Flow;
      /** The breaker of the connector or of its host lets one call through to see whether it works again. */
      probe: boolean;
      share: { claims: number; calls: number };
      claimsOut: number;
      held: HeldSyncs;
    };

/** Holds the connector's flow, and its host's where that has limits of its own, until the transaction ends. */
export async function enterLane(
  tx: Transaction,
  connectorId: string,
  host: string | undefined,
  now: Date,
  options: DeliveryOptions,
): Promise<Entry> {
  const [flow, active, claimsOut, held, hostFlow] = await Promise.all([
    lockFlow(tx, connectorPlace(connectorId)),
    isActive(tx, connectorId),
    callsOut(tx, connectorId),
    heldSyncs(tx, connectorId),
    host === undefined ? undefined : enterHost(tx, host),
  ]);
  if (!active) return { open: false };
  const gates = [gateOf(flow, now), ...(hostFlow ? [gateOf(hostFlow, now)] : [])];
  const waits = gates.map((gate) => (gate.open ? 0 : gate.because === 'rate' ? gate.waitMs : Infinity));
  const waitMs = Math.max(...waits);
  if (waitMs > 0) return waitMs === Infinity ? { open: false } : { open: false, waitMs };
  const concurrency = flow.concurrency ?? options.callsPerLane;
  const share = shareCalls(concurrency);
  const probe = gates.some((gate) => gate.open && gate.probe);
  if (claimsOut >= (probe ? 1 : share.claims)) return { open: false };
  const room = hostFlow?.concurrency
    ? hostFlow.concurrency - (await callsOfHost(tx, host!, options))
    : Infinity;
  if (room < 1) return { open: false, waitMs: HOST_FULL_MS };
  return {
    open: true,
    flow,
    hostFlow,
    probe,
    share: { ...share, calls: Math.min(share.calls, room) },
    claimsOut,
    held,
  };
}

/** When a host is full, how soon its connectors look again. */
const HOST_FULL_MS = 100;

/** A host whose limits or breaker matter is held as well, so that its connectors cannot pass it side by side. */
async function enterHost(tx: Transaction, host: string): Promise<Flow> {
  const flow = await readFlow(tx, hostPlace(host));
  const matters = flow.perSecond !== null || flow.concurrency !== null || flow.breaker !== 'closed';
  return matters ? lockFlow(tx, hostPlace(host)) : flow;
}

/** Calls that the claims of all connectors behind a host may have out. */
async function callsOfHost(tx: Transaction, host: string, options: DeliveryOptions): Promise<number> {
  const { rows } = await tx.query<{ concurrency: number | null; claims: number }>(
    `SELECT f.concurrency, count(DISTINCT e.fence)::int AS claims FROM delivery_flow f
     JOIN effect e ON e.workspace_id = f.workspace_id AND f.place = 'connector:' || e.connector_id AND ${IS_OUT}
     WHERE f.workspace_id = $1 AND f.host = $2 GROUP BY f.place, f.concurrency`,
    [tx.workspaceId, host],
  );
  return rows.reduce(
    (sum, { concurrency, claims }) => sum + claims * shareCalls(concurrency ?? options.callsPerLane).calls,
    0,
  );
}

async function isActive(tx: Transaction, connectorId: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM connector WHERE workspace_id = $1 AND id = $2 AND state = 'active'`,
    [tx.workspaceId, connectorId],
  );
  return rowCount === 1;
}
