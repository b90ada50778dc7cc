import type { ClickHouseClient } from '@clickhouse/client';
import type { Subject } from './reference-evaluator';

type Flat = {
  numbers: Record<string, string>;
  strings: Record<string, string>;
  booleans: Record<string, boolean>;
};

function flat(
  root: Record<string, unknown>,
  prefix = '',
  into: Flat = { numbers: {}, strings: {}, booleans: {} },
): Flat {
  for (const [key, value] of Object.entries(root)) {
    const path = prefix + key;
    if (typeof value === 'number') into.numbers[path] = value.toFixed(9);
    else if (typeof value === 'string') into.strings[path] = value;
    else if (typeof value === 'boolean') into.booleans[path] = value;
    else if (Array.isArray(value)) into.strings[path] = JSON.stringify(value);
    else if (value !== null && typeof value === 'object')
      flat(value as Record<string, unknown>, `${path}.`, into);
  }
  return into;
}

/**
 * Writes persons 1..n as the loader would: each person has two nodes, its own number and that plus 1000, and its events
 * come from either. Also a dead profile, an event of nobody, and events after the position asked for, which must not count.
 */
export async function loadPopulation(
  clickhouse: ClickHouseClient,
  workspaceId: string,
  subjects: readonly Subject[],
): Promise<{ asOfPos: number }> {
  const dead = subjects.length + 1;
  let pos = 0;
  const event = (source: Subject['events'][number], node: number, position: number): object => ({
    workspace_id: workspaceId,
    name: source.name,
    node,
    occurred_at: new Date(source.at).toISOString(),
    type: 'track',
    partition: 0,
    pos: position,
    message_id: `m${position}`,
    source_id: 's',
    received_at: new Date(source.at).toISOString(),
    ...flat(source.properties),
    properties: '{}',
  });
  const events = subjects.flatMap((subject, index) =>
    subject.events.map((source, turn) => event(source, turn % 2 ? index + 1 : index + 1001, ++pos)),
  );
  const later = subjects.flatMap((subject, index) =>
    subject.events.map((source, turn) => event(source, index + 1, pos + 1 + turn)),
  );
  const stray = subjects[0]?.events.map((source, turn) => event(source, 5000, turn + 1)) ?? [];
  const nodes = subjects.flatMap((_subject, index) => [
    { node: index + 1, person: index + 1, version: 1 },
    { node: index + 1001, person: index + 1, version: 2 },
  ]);
  // Once another person's: only the last version counts.
  const oldNodes = subjects.map((_subject, index) => ({
    node: index + 1001,
    person: ((index + 1) % subjects.length) + 1,
    version: 1,
  }));
  const profiles = subjects.map((subject, index) => ({
    person: index + 1,
    ...flat(subject.traits),
    consent: Object.fromEntries(
      Object.entries(subject.consent).flatMap(([channel, topics]) =>
        Object.entries(topics).map(([topic, state]) => [
          topic === '*' ? channel : `${channel}:${topic}`,
          state,
        ]),
      ),
    ),
    version: 2,
    deleted: 0,
  }));
  const first = subjects[0];
  const ghosts = first
    ? [
        { person: dead, ...flat(first.traits), consent: {}, version: 1, deleted: 0 },
        { person: 1, ...flat({ tier: 'stale' }), consent: {}, version: 1, deleted: 0 },
      ]
    : [];
  const own = (rows: object[]): object[] => rows.map((row) => ({ workspace_id: workspaceId, ...row }));
  await insert(clickhouse, 'event', [...events, ...later, ...stray]);
  // In inserts of their own: within one, ClickHouse would drop the old versions by itself.
  await insert(clickhouse, 'node_person', own(oldNodes));
  await insert(clickhouse, 'node_person', own(nodes));
  await insert(clickhouse, 'profile', own(ghosts));
  await insert(clickhouse, 'profile', own([...profiles, { person: dead, version: 2, deleted: 1 }]));
  return { asOfPos: pos };
}

async function insert(clickhouse: ClickHouseClient, table: string, values: object[]): Promise<void> {
  if (values.length > 0)
    await clickhouse.insert({ table: `percorso.${table}`, values, format: 'JSONEachRow' });
}
