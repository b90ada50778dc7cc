import type { ClickHouseClient } from '@clickhouse/client';
import { newId } from '@percorso/kernel';
import { flatten } from '@percorso/profile';
import type { Client } from 'pg';
import { multiplyTable } from './clickhouse-copies';
import { readSchema } from './segmentation-sql';
import { type Shopper, shoppers } from './shop';

/** Customers that differ from each other; more of them are copies whose events lie up to a week earlier. */
const BASE = 10_000;
const EVENTS = 20;
/** Nodes of a customer: user id, device, e-mail. The first is its person number. */
const NODES = 3;
const CHUNK = 50_000;
/** How much earlier events of copy k are, in seconds; the same text for both engines. */
const EARLIER = '(k * 7919) % 604800';

export interface Shop {
  workspaceId: string;
  now: Date;
  asOfPos: number;
  profiles: number;
  events: number;
}

export const personOf = (index: number): number => index * NODES + 1;

/** The same customers in ClickHouse, as the loader would write them, and in both PostgreSQL schemas. */
export async function fillShop(clickhouse: ClickHouseClient, postgres: Client, size: number): Promise<Shop> {
  const now = new Date(Date.UTC(2026, 5, 15, 12));
  const base = [...shoppers(17, Math.min(BASE, size), EVENTS, now.getTime())];
  const copies = Math.max(0, Math.round(size / base.length) - 1);
  const events = base.reduce((sum, shopper) => sum + shopper.events.length, 0);
  const shop = {
    workspaceId: newId(),
    now,
    asOfPos: events * (copies + 1),
    profiles: base.length * (copies + 1),
    events: events * (copies + 1),
  };
  const numbers = { copies, nodes: base.length * NODES, events };
  // Each takes one core.
  await Promise.all([
    fillClickHouse(clickhouse, shop.workspaceId, base, numbers),
    fillPostgres(postgres, base, copies),
  ]);
  return shop;
}

async function fillClickHouse(
  clickhouse: ClickHouseClient,
  workspaceId: string,
  base: readonly Shopper[],
  numbers: { copies: number; nodes: number; events: number },
): Promise<void> {
  let pos = 0;
  const events = base.flatMap((shopper, index) =>
    shopper.events.map(({ name, at, properties }, turn) => ({
      workspace_id: workspaceId,
      name,
      // Every fourth event comes from a device that was not logged in.
      node: personOf(index) + Number(turn % 4 === 3),
      occurred_at: new Date(at).toISOString(),
      type: 'track',
      partition: 0,
      pos: ++pos,
      message_id: `m${pos}`,
      source_id: 'shop',
      received_at: new Date(at).toISOString(),
      ...flatten(properties),
      properties: JSON.stringify(properties),
    })),
  );
  const profiles = base.map(({ traits, email, consent }, index) => ({
    workspace_id: workspaceId,
    person: personOf(index),
    ...flatten({ ...traits, email }),
    consent: consent === undefined ? {} : { email: consent ? 'granted' : 'denied' },
    version: 1,
    deleted: 0,
  }));
  const nodes = base.flatMap(({ userId, email }, index) =>
    [
      { namespace: 'user_id', value: userId },
      { namespace: 'anonymous_id', value: `a-${userId}` },
      { namespace: 'email', value: email },
    ].map((identity, turn) => ({
      workspace_id: workspaceId,
      node: personOf(index) + turn,
      person: personOf(index),
      ...identity,
      version: 1,
    })),
  );
  for (const [table, rows] of Object.entries<object[]>({
    event: events,
    profile: profiles,
    node_person: nodes,
  })) {
    for (let start = 0; start < rows.length; start += CHUNK) {
      const values = rows.slice(start, start + CHUNK);
      await clickhouse.insert({ table: `percorso.${table}`, values, format: 'JSONEachRow' });
    }
    await multiplyTable(clickhouse, table, SHIFTED[table] ?? {}, { workspaceId, ...numbers });
    await clickhouse.command({ query: `OPTIMIZE TABLE percorso.${table} FINAL` });
  }
}

const SHIFTED: Record<string, Record<string, string>> = {
  event: {
    node: 'node + k * {nodes:UInt64}',
    pos: 'pos + k * {events:UInt64}',
    occurred_at: `occurred_at - toIntervalSecond(${EARLIER})`,
  },
  profile: { person: 'person + k * {nodes:UInt64}' },
  node_person: { node: 'node + k * {nodes:UInt64}', person: 'person + k * {nodes:UInt64}' },
};

async function fillPostgres(postgres: Client, base: readonly Shopper[], copies: number): Promise<void> {
  const schemas = [readSchema('postgres-typed-schema.sql'), readSchema('postgres-jsonb-schema.sql')];
  for (const { tables } of schemas) await postgres.query(tables);
  await postgres.query('CREATE TEMPORARY TABLE given (doc jsonb)');
  for (let start = 0; start < base.length; start += CHUNK / 25) {
    const docs = base.slice(start, start + CHUNK / 25).map((shopper, index) => ({
      ...shopper,
      person: personOf(start + index),
    }));
    await postgres.query('INSERT INTO given SELECT jsonb_array_elements($1::jsonb)', [JSON.stringify(docs)]);
  }
  // Documents are taken apart once, not once a copy.
  await postgres.query(`
    CREATE TEMPORARY TABLE base AS SELECT (doc->>'person')::int AS person, doc->>'email' AS email, doc->'traits' AS traits,
      (doc->>'consent')::bool AS consent FROM given;
    CREATE TEMPORARY TABLE base_event AS SELECT (doc->>'person')::int AS person, e->>'name' AS name,
      to_timestamp((e->>'at')::float8 / 1000) AS at, e#>>'{properties,category}' AS category,
      (e#>>'{properties,amount}')::numeric AS amount, e->'properties' AS properties
    FROM given, jsonb_array_elements(doc->'events') AS e`);
  const copied = `generate_series(0, ${copies}) AS k`;
  const person = `person + k * ${base.length * NODES}`;
  const at = `at - make_interval(secs => ${EARLIER})`;
  await postgres.query(`
    INSERT INTO typed.profile SELECT ${person}, email, traits->>'country', traits->>'plan', traits#>>'{address,city}',
      (traits->>'points')::int, (traits->>'since')::timestamptz,
      CASE consent WHEN true THEN 'granted' WHEN false THEN 'denied' END
    FROM base, ${copied};
    INSERT INTO doc.profile SELECT ${person}, traits || jsonb_build_object('email', email)
      || CASE WHEN consent IS NULL THEN '{}' ELSE jsonb_build_object('consent', jsonb_build_object('email', consent)) END
    FROM base, ${copied};
    INSERT INTO typed.event SELECT ${person}, name, ${at}, category, amount FROM base_event, ${copied} ORDER BY 3;
    INSERT INTO doc.event SELECT ${person}, name, ${at}, properties FROM base_event, ${copied} ORDER BY 3;
    DROP TABLE given, base, base_event`);
  for (const { indexes } of schemas) await postgres.query(indexes);
  for (const table of ['typed.profile', 'typed.event', 'doc.profile', 'doc.event'])
    await postgres.query(`VACUUM ANALYZE ${table}`);
}
