import { type ConnectorDescription, ConnectorRuntime } from '@percorso/connector';
import type { MappingResult } from '@percorso/mapping';
import { planChanges, type PlanScope, type Told } from './plan-page';
import type { Change } from './plan-row';
import { MODE_RULES, type SyncMode } from './sync-mode';

type Asked = Pick<ConnectorDescription, 'lookup' | 'recordKey' | 'kind'>;

/**
 * Whether the target itself is asked if it has a record: where the plugin can look one up and says which fields name it. Else
 * what its syncs were told decides.
 */
export const asksTarget = (mode: SyncMode, { lookup, recordKey, kind }: Asked): boolean =>
  MODE_RULES[mode].onlyKnown && lookup && recordKey !== undefined && kind === 'campaign';

/**
 * Of the persons of whom something is to be told if they have a record: whether the target has one. Whom it cannot say of is
 * missing. What is looked for is the record with these key fields, whatever else it holds.
 */
export async function askTarget(
  connectors: ConnectorRuntime,
  workspaceId: string,
  scope: PlanScope & { connectorId: string },
  changes: readonly Change[],
  results: ReadonlyMap<Change, MappingResult>,
  told: Told,
): Promise<Map<number, boolean>> {
  const { recordKey = [] } = scope.connector;
  const all = new Set(changes.map(({ person }) => person));
  const asked = planChanges(changes, results, scope, { ...told, known: all }).flatMap(
    ({ change, plan, news }) =>
      news && change.op === 'enter' && plan.payload ? [{ person: change.person, payload: plan.payload }] : [],
  );
  if (asked.length === 0) return new Map();
  const items = asked.map(({ person, payload }) => ({
    key: `exists:${person}`,
    payload: onlyKey(payload as Record<string, unknown>, recordKey),
  }));
  const answers = await connectors.lookup(workspaceId, scope.connectorId, items);
  return new Map(
    asked.flatMap(({ person }, index) =>
      answers[index] === 'unknown' ? [] : [[person, answers[index] === 'accepted'] as const],
    ),
  );
}

/** The persons that have a record: by the target where it was asked and knew, else by the ledger. */
export function knownOf(ledger: ReadonlySet<number>, target: ReadonlyMap<number, boolean>): Set<number> {
  const known = new Set(ledger);
  for (const [person, there] of target) {
    if (there) known.add(person);
    else known.delete(person);
  }
  return known;
}

function onlyKey(
  payload: Record<string, unknown>,
  paths: readonly (readonly string[])[],
): Record<string, unknown> {
  const key: Record<string, unknown> = {};
  for (const path of paths) {
    let from: unknown = payload;
    let to = key;
    for (const [depth, field] of path.entries()) {
      from = typeof from === 'object' && from !== null ? (from as Record<string, unknown>)[field] : undefined;
      if (from === undefined) break;
      if (depth === path.length - 1) to[field] = from;
      else to = (to[field] ??= {}) as Record<string, unknown>;
    }
  }
  return key;
}
