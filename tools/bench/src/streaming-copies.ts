import type { ClickHouseClient } from '@clickhouse/client';
import type { Client } from 'pg';
import { multiplyTable } from './clickhouse-copies';

/** The rows copy k of a workspace's customers would have: numbers go on where the last copy's end, identities get `k.` in front. */
const COPIES = [
  `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, version, dirty, first_seen)
   SELECT workspace_id, node + k * :nodes, namespace, k || '.' || value, home + k * :nodes, person + k * :nodes, version, false, first_seen
   FROM identity_node, generate_series(1, :copies) AS k WHERE workspace_id = $1`,
  `INSERT INTO profile_fragment (workspace_id, home, traits, consent, groups, first_seen, last_seen)
   SELECT workspace_id, home + k * :nodes, jsonb_set(traits, '{email,value}', to_jsonb(k || '.' || (traits #>> '{email,value}'))),
     consent, groups, first_seen, last_seen
   FROM profile_fragment, generate_series(1, :copies) AS k WHERE workspace_id = $1`,
  `INSERT INTO profile (workspace_id, person, id, state, traits, consent, groups, version, dirty, created_at, updated_at)
   SELECT workspace_id, person + k * :nodes, uuidv7(), state,
     jsonb_set(traits, '{email,value}', to_jsonb(k || '.' || (traits #>> '{email,value}'))),
     consent, groups, version, false, created_at, updated_at
   FROM profile, generate_series(1, :copies) AS k WHERE workspace_id = $1`,
  `INSERT INTO event (workspace_id, partition, pos, message_id, node, type, name, occurred_at, sent_at, received_at, source_id,
     properties, context)
   SELECT workspace_id, partition, pos + k * :events, k || '.' || message_id, node + k * :nodes, type, name, occurred_at, sent_at,
     received_at, source_id, properties, context
   FROM event, generate_series(1, :copies) AS k WHERE workspace_id = $1`,
  `INSERT INTO membership (workspace_id, audience_id, person, profile_id, member, version, definition_version, since)
   SELECT workspace_id, m.audience_id, p.person, p.id, m.member, m.version, m.definition_version, m.since
   FROM generate_series(1, :copies) AS k, membership m JOIN profile p USING (workspace_id)
   WHERE workspace_id = $1 AND p.person = m.person + k * :nodes AND m.person <= :nodes`,
  `INSERT INTO profile_wake (workspace_id, person, due_at, rebuild, evaluated_at)
   SELECT workspace_id, person + k * :nodes, due_at, rebuild, evaluated_at
   FROM profile_wake, generate_series(1, :copies) AS k WHERE workspace_id = $1`,
  `UPDATE audience SET members = members * (:copies + 1) WHERE workspace_id = $1`,
  `UPDATE identity_counter SET last_node = last_node * (:copies + 1) WHERE workspace_id = $1`,
  `UPDATE ingest_head SET head = head * (:copies + 1), applied = applied * (:copies + 1), loaded = loaded * (:copies + 1),
     accepted = accepted * (:copies + 1) WHERE workspace_id = $1`,
  `UPDATE stream_cursor SET pos = pos * (:copies + 1) WHERE workspace_id = $1`,
];

const BUSY = ['identity_node', 'profile_fragment', 'profile', 'event', 'membership', 'profile_wake'];

/** The same in ClickHouse: every column but those that differ is taken as it is. */
const CLICKHOUSE_COPIES: Record<string, Record<string, string>> = {
  event: {
    node: 'node + k * {nodes:UInt64}',
    pos: 'pos + k * {events:UInt64}',
    message_id: `concat(toString(k), '.', message_id)`,
  },
  profile: {
    person: 'person + k * {nodes:UInt64}',
    strings: `mapUpdate(strings, map('email', concat(toString(k), '.', strings['email'])))`,
  },
  node_person: {
    node: 'node + k * {nodes:UInt64}',
    person: 'person + k * {nodes:UInt64}',
    value: `concat(toString(k), '.', value)`,
  },
};

/**
 * Makes each customer of a workspace at rest into `copies` + 1: the hub's own rows, so that what is loaded is what the
 * hub would have. Audiences and their members come along.
 */
export async function multiply(
  postgres: Client,
  clickhouse: ClickHouseClient,
  workspaceId: string,
  copies: number,
): Promise<void> {
  const { rows } = await postgres.query<{ nodes: number; events: string; rest: boolean }>(
    `SELECT last_node AS nodes, head AS events, head = applied AND head = loaded
       AND head = ALL (SELECT pos FROM percorso.stream_cursor c WHERE c.workspace_id = h.workspace_id) AS rest
     FROM percorso.identity_counter JOIN percorso.ingest_head h USING (workspace_id) WHERE workspace_id = $1`,
    [workspaceId],
  );
  const [at] = rows;
  if (!at?.rest) throw new RangeError('only a workspace at rest can be copied');
  // A workspace of which the statistics know nothing beside one of a million is taken for a few rows.
  for (const table of BUSY) await postgres.query(`ANALYZE percorso.${table}`);
  await postgres.query('BEGIN; SET LOCAL search_path = percorso');
  const numbers: Record<string, number> = { nodes: at.nodes, copies, events: Number(at.events) };
  for (const sql of COPIES) {
    await postgres.query(
      sql.replace(/:(nodes|copies|events)\b/g, (_, name: string) => String(numbers[name])),
      [workspaceId],
    );
  }
  await postgres.query('COMMIT');
  for (const table of BUSY) await postgres.query(`VACUUM ANALYZE percorso.${table}`);
  await postgres.query('CHECKPOINT');
  for (const [table, changes] of Object.entries(CLICKHOUSE_COPIES)) {
    await multiplyTable(clickhouse, table, changes, {
      workspaceId,
      copies,
      nodes: at.nodes,
      events: at.events,
    });
  }
}
