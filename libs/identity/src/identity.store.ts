import { Transaction } from '@percorso/storage';
import { Claim } from './claims';
import { Namespace } from './namespace';
import { Node, PersonFacts } from './resolve-person';

/** Take the workspace's identity lock until the transaction ends; gives the highest node number in use. */
export async function lockIdentities(tx: Transaction): Promise<number> {
  const lock = 'SELECT last_node FROM identity_counter WHERE workspace_id = $1 FOR UPDATE';
  const { rows } = await tx.query<{ last_node: number }>(lock, [tx.workspaceId]);
  if (rows[0]) return rows[0].last_node;
  await tx.query('INSERT INTO identity_counter (workspace_id) VALUES ($1) ON CONFLICT DO NOTHING', [
    tx.workspaceId,
  ]);
  const again = await tx.query<{ last_node: number }>(lock, [tx.workspaceId]);
  return again.rows[0]!.last_node;
}

export async function loadNodes(tx: Transaction, claims: readonly Claim[]): Promise<Node[]> {
  const distinct = [
    ...new Map(claims.map((claim) => [`${claim.namespace}\u0000${claim.value}`, claim])).values(),
  ];
  if (distinct.length === 0) return [];
  // OFFSET 0 keeps the lookup per row: whatever the statistics say, one index probe for each claim.
  const { rows } = await tx.query<Node>(
    `SELECT n.node, c.namespace, c.value, n.home, n.person
     FROM unnest($2::text[], $3::text[]) AS c (namespace, value)
     CROSS JOIN LATERAL (
       SELECT node, home, person FROM identity_node
       WHERE workspace_id = $1 AND namespace = c.namespace AND value = c.value OFFSET 0
     ) n`,
    [tx.workspaceId, distinct.map((claim) => claim.namespace), distinct.map((claim) => claim.value)],
  );
  return rows;
}

export async function loadFacts(
  tx: Transaction,
  namespaces: readonly Namespace[],
  persons: readonly number[],
): Promise<Map<number, PersonFacts>> {
  const facts = new Map<number, PersonFacts>();
  if (persons.length === 0) return facts;
  const rules = new Map(namespaces.map((namespace) => [namespace.code, namespace]));
  const of = (person: number): PersonFacts => {
    let found = facts.get(person);
    if (!found) facts.set(person, (found = { priority: Infinity, unique: new Set(), apart: new Set() }));
    return found;
  };
  const holding = tx.query<{ person: number; namespace: string }>(
    `SELECT person, namespace FROM identity_node
     WHERE workspace_id = $1 AND person = ANY($2::int[]) GROUP BY person, namespace`,
    [tx.workspaceId, persons],
  );
  // A person's number is its founding node, so the nodes tell where separated persons are today.
  const parting = tx.query<{ one: number; other: number }>(
    `SELECT w.person AS one, l.person AS other FROM merge m
     JOIN identity_node w ON w.workspace_id = m.workspace_id AND w.node = m.winner
     JOIN identity_node l ON l.workspace_id = m.workspace_id AND l.node = m.loser
     WHERE m.workspace_id = $1 AND m.reversed_at IS NOT NULL AND w.person <> l.person
       AND (w.person = ANY($2::int[]) OR l.person = ANY($2::int[]))`,
    [tx.workspaceId, persons],
  );
  const [held, separated] = await Promise.all([holding, parting]);
  for (const { person, namespace } of held.rows) {
    const rule = rules.get(namespace);
    if (!rule) continue;
    const known = of(person);
    known.priority = Math.min(known.priority, rule.priority);
    if (rule.uniqueness === 'one') known.unique.add(namespace);
  }
  for (const { one, other } of separated.rows) {
    of(one).apart.add(other);
    of(other).apart.add(one);
  }
  return facts;
}
