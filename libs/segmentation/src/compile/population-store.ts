import type { ClickHouseClient } from '@clickhouse/client';
import { canonicalJson, newId } from '@percorso/kernel';
import { flatten } from '@percorso/profile';
import { LOOKUPS, OWN_LIST } from './arbitraries';
import type { Subject } from './reference-evaluator';

/**
 * Writes persons 1..n as the loader would: each person has nodes of its own number, that plus 1000 and so on: two at
 * least, and one per identity. Its events come from the first two. Also a dead profile, an event of nobody, and events after the position asked for, which must not count.
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
    ...flatten(source.properties),
    properties: '{}',
  });
  const events = subjects.flatMap((subject, index) =>
    subject.events.map((source, turn) => event(source, turn % 2 ? index + 1 : index + 1001, ++pos)),
  );
  const later = subjects.flatMap((subject, index) =>
    subject.events.map((source, turn) => event(source, index + 1, pos + 1 + turn)),
  );
  const stray = subjects[0]?.events.map((source, turn) => event(source, 5000, turn + 1)) ?? [];
  const nodes = subjects.flatMap((subject, index) =>
    Array.from({ length: Math.max(2, subject.identities.length) }, (_, turn) => ({
      node: index + 1 + 1000 * turn,
      person: index + 1,
      namespace: 'device',
      value: '',
      ...subject.identities[turn],
      version: 2,
    })),
  );
  // Once another person's: only the last version counts.
  const oldNodes = nodes
    .filter(({ node }) => node > 1000)
    .map((node) => ({ ...node, person: (node.person % subjects.length) + 1, version: 1 }));
  // Some on the list by their second node; of the others one was, once.
  const listed = subjects.flatMap(({ lists }, index) =>
    [OWN_LIST, newId()].map((audience, turn) => ({
      audience_id: audience,
      node: index + 1 + (index % 2) * 1000,
      version: 2,
      deleted: turn === 1 || lists.includes(audience) ? 0 : 1,
    })),
  );
  const onceListed = listed.map((row) => ({ ...row, version: 1, deleted: 0 }));
  const items = Object.entries(LOOKUPS).flatMap(([name, lookup]) =>
    Object.entries(lookup).map(([key, fields]) => ({ name, key, ...flatten(fields), version: 2 })),
  );
  const oldItems = [...items, { name: 'product', key: 'A' }].map(({ name, key }) => ({
    ...{ name, key, ...flatten({ tier: 'gold', spent: 150, vip: true }) },
    version: 1,
  }));
  const profiles = subjects.map((subject, index) => ({
    person: index + 1,
    ...flatten(subject.traits),
    groups: subject.accounts.map(accountId),
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
  // Accounts with the same traits are one account; once each was told something else.
  const known = new Map(subjects.flatMap(({ accounts }) => accounts.map((one) => [accountId(one), one])));
  const accounts = [...known].map(([id, traits]) => ({ id, ...flatten(traits), version: 2 }));
  const oldAccounts = accounts.map(({ id }) => ({
    id,
    ...flatten({ tier: 'gold', spent: 150 }),
    version: 1,
  }));
  const first = subjects[0];
  const ghosts = first
    ? [
        {
          person: dead,
          ...flatten(first.traits),
          groups: [...known.keys()],
          consent: {},
          version: 1,
          deleted: 0,
        },
        {
          person: 1,
          ...flatten({ tier: 'stale' }),
          groups: [...known.keys()],
          consent: {},
          version: 1,
          deleted: 0,
        },
      ]
    : [];
  const own = (rows: object[]): object[] => rows.map((row) => ({ workspace_id: workspaceId, ...row }));
  await insert(clickhouse, 'event', [...events, ...later, ...stray]);
  // In inserts of their own: within one, ClickHouse would drop the old versions by itself.
  await insert(clickhouse, 'node_person', own(oldNodes));
  await insert(clickhouse, 'node_person', own(nodes));
  await insert(clickhouse, 'audience_list', own(onceListed));
  await insert(clickhouse, 'audience_list', own(listed));
  await insert(clickhouse, 'lookup_item', own(oldItems));
  await insert(
    clickhouse,
    'lookup_item',
    own([...items, { name: 'product', key: 'A', version: 2, deleted: 1 }]),
  );
  await insert(clickhouse, 'account', own(oldAccounts));
  await insert(clickhouse, 'account', own(accounts));
  await insert(clickhouse, 'profile', own(ghosts));
  await insert(clickhouse, 'profile', own([...profiles, { person: dead, version: 2, deleted: 1 }]));
  return { asOfPos: pos };
}

const accountId = (traits: object): string => canonicalJson(traits);

async function insert(clickhouse: ClickHouseClient, table: string, values: object[]): Promise<void> {
  if (values.length > 0)
    await clickhouse.insert({ table: `percorso.${table}`, values, format: 'JSONEachRow' });
}
