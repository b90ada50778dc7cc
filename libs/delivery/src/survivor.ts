import type { Transaction } from '@percorso/storage';
import type { Reason } from './effect';
import type { Candidate } from './effect.store';
import type { Lane } from './provider-gateway';

/**
 * Removals of persons that were merged into another which must not leave, and why: the record they would take away is,
 * or may be, the survivor's.
 */
export async function keptForSurvivors(
  tx: Transaction,
  connectorId: string,
  { recordKey }: Pick<Lane, 'recordKey'>,
  candidates: readonly Candidate[],
): Promise<Map<string, Reason>> {
  const removals = candidates.filter(({ operation }) => operation === 'remove');
  if (removals.length === 0) return new Map();
  const { rows } = await tx.query<{ id: string; told: Record<string, unknown> }>(
    `SELECT r.id, last.payload AS told FROM unnest($3::uuid[], $4::int[]) AS r (id, person)
     JOIN identity_node n ON n.workspace_id = $1 AND n.node = r.person AND n.person <> r.person
     CROSS JOIN LATERAL (
       SELECT e.operation, e.payload FROM effect e
       WHERE e.workspace_id = $1 AND e.person = n.person AND e.connector_id = $2 AND e.payload IS NOT NULL
         AND (e.state IN ('pending', 'sending', 'accepted', 'unknown') OR e.doubtful_since IS NOT NULL)
       ORDER BY e.id DESC LIMIT 1
     ) last WHERE last.operation <> 'remove'`,
    [tx.workspaceId, connectorId, removals.map(({ id }) => id), removals.map(({ person }) => person)],
  );
  const told = new Map(rows.map((row) => [row.id, row.told]));
  return new Map(
    removals.flatMap(({ id, payload }) => {
      const survivor = told.get(id);
      const reason = survivor && whyKept(payload, survivor, recordKey);
      return reason ? [[id, reason]] : [];
    }),
  );
}

function whyKept(
  former: Record<string, unknown>,
  survivor: Record<string, unknown>,
  recordKey: Lane['recordKey'],
): Reason | undefined {
  if (!recordKey) {
    return {
      code: 'record-key-unknown',
      reason: 'The plugin does not say what names a record, so this might be the survivor’s.',
    };
  }
  const same = recordKey.every((path) => comparable(former, path) === comparable(survivor, path));
  return same
    ? { code: 'survivor-has-it', reason: 'The profile it was merged into has the same record.' }
    : undefined;
}

/** Targets tell keys apart in their own ways: what differs in case alone is taken for the same, which removes too little. */
function comparable(payload: Record<string, unknown>, path: readonly string[]): string {
  const value = path.reduce<unknown>(
    (at, field) =>
      typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[field] : undefined,
    payload,
  );
  return JSON.stringify(value ?? null).toLowerCase();
}
