import { canonicalJson, newId } from '@percorso/kernel';
import { firstShard, type Transaction } from '@percorso/storage';
import type { StreamWorld } from '../stream/stream-world';
import { LOOKUPS, OWN_LIST } from './arbitraries';
import type { Subject } from './reference-evaluator';

/**
 * What becomes of a subject's second home: it was merged into the first before anything was loaded, or after; that
 * merge was taken back; or it was merged with another person first, that was taken back, and then into this one.
 */
export const FATES = ['early', 'merged', 'parted', 'detour'] as const;
export type Fate = (typeof FATES)[number];

/** Turns of the loader between which persons merge and part. */
const STAGES = 4;

/** Before all events. */
const FIRST = new Date('2025-01-01T00:00:00.000Z');

interface Home {
  home: number;
  /** The person it belongs to at each stage. */
  persons: number[];
  subject: Subject;
}

/**
 * Subjects as PostgreSQL has them while their history becomes known bit by bit: half of the events while homes are apart,
 * the rest after merges. Every subject has a home of its number and one of 100 more, each with half of its events and
 * identities. For specs.
 */
export class MovingPopulation {
  private readonly homes: Home[];
  /** What is true at the end, one for each person. */
  readonly subjects: Subject[];

  constructor(drawn: readonly Subject[], fates: readonly Fate[]) {
    const distinct = withOwnIdentities(drawn);
    const fateOf = (index: number): Fate => fates[index % fates.length] ?? 'early';
    this.homes = distinct.flatMap((subject, index) => {
      const { person } = subject;
      const other = distinct[(index + 1) % distinct.length]!.person;
      const apart = person + 100;
      const second: Record<Fate, number[]> = {
        early: [person, person, person, person],
        merged: [apart, person, person, person],
        parted: [apart, person, apart, apart],
        detour: [apart, other, apart, person],
      };
      return [
        { home: person, persons: [person, person, person, person], subject: half(subject, 0) },
        { home: apart, persons: second[fateOf(index)], subject: half(subject, 1) },
      ];
    });
    this.subjects = distinct.flatMap((subject, index) =>
      fateOf(index) === 'parted' ? [half(subject, 0), half(subject, 1)] : [{ ...subject }],
    );
    // Members of an account are those of the end.
    for (const subject of this.subjects) subject.everyone = this.subjects;
  }

  /** How many persons of the end have homes that began on several shards. */
  crossing(workspaceId: string, shards: number): number {
    const shardOf = (home: number): number => firstShard(workspaceId, home, shards);
    return this.homes.filter(({ home, persons }) => shardOf(home) !== shardOf(persons.at(-1)!)).length;
  }

  /** Live through all stages in a new workspace, loaded to ClickHouse after each. */
  async settleIn(world: StreamWorld): Promise<void> {
    await world.newWorkspace();
    for (let stage = 0; stage < STAGES; stage++) {
      await world.database.tx(world.workspaceId, (tx) => this.enter(tx, stage));
      await world.load();
    }
  }

  /** Bring PostgreSQL from the stage before to this one. */
  private async enter(tx: Transaction, stage: number): Promise<void> {
    if (stage === 0) await this.found(tx);
    else await this.regroup(tx, stage);
    const head = this.subjects.reduce((sum, { events }) => sum + events.length, 0);
    await tx.query(
      `INSERT INTO ingest_head (workspace_id, head, applied) VALUES ($1, $2, $3)
       ON CONFLICT (workspace_id, partition) DO UPDATE SET applied = excluded.applied`,
      [tx.workspaceId, head, stage === 0 ? Math.floor(head / 2) : head],
    );
  }

  private async found(tx: Transaction): Promise<void> {
    const dirty = { version: 1, dirty: true };
    const at = { created_at: FIRST, updated_at: FIRST };
    const nodes = this.homes.flatMap(({ home, persons, subject }) =>
      [{ namespace: 'device', value: `${home}` }, ...subject.identities].map((claim, index) => ({
        ...{ ...claim, ...dirty, home, person: persons[0], first_seen: FIRST },
        node: index === 0 ? home : home * 1000 + index,
      })),
    );
    const profiles = this.homes.map(({ home, persons, subject }) => ({
      ...{ ...dirty, ...at, person: home, id: newId(), state: stateOf(home, persons[0]) },
      traits: stamped(subject.traits, (value) => ({ value })),
      consent: Object.fromEntries(
        Object.entries(subject.consent).map(([channel, topics]) => [
          channel,
          stamped(topics, (state) => ({ state })),
        ]),
      ),
      groups: subject.accounts.map(canonicalJson),
    }));
    const events = this.homes
      .flatMap(({ home, subject }) => subject.events.map((event) => ({ home, event })))
      .map(({ home, event }, index) => ({
        ...{
          partition: 0,
          pos: index + 1,
          message_id: `m${index}`,
          node: home,
          type: 'track',
          name: event.name,
        },
        ...{ occurred_at: new Date(event.at), received_at: new Date(event.at), source_id: 's', context: {} },
        properties: event.properties,
      }));
    const accounts = new Map(
      this.subjects.flatMap(({ accounts: own }) => own.map((traits) => [canonicalJson(traits), traits])),
    );
    const items = Object.entries(LOOKUPS).flatMap(([name, lookup]) =>
      Object.entries(lookup).map(([key, fields]) => ({ ...dirty, name, key, fields, deleted: false })),
    );
    const listed = this.homes.filter(({ subject }) => subject.lists.includes(OWN_LIST));
    await write(tx, 'identity_node', nodes);
    await write(tx, 'profile', profiles);
    await write(tx, 'event', events);
    await write(
      tx,
      'group_account',
      [...accounts].map(([id, traits]) => ({
        ...{ ...dirty, id, updated_at: FIRST },
        traits: stamped(traits, (value) => ({ value })),
      })),
    );
    await write(tx, 'lookup_item', items);
    await tx.query(
      `INSERT INTO audience (workspace_id, id, name, created_at, updated_at) VALUES ($1, $2, 'list', $3, $3)`,
      [tx.workspaceId, OWN_LIST, FIRST],
    );
    await write(
      tx,
      'audience_list',
      listed.map(({ home }) => ({
        ...dirty,
        audience_id: OWN_LIST,
        node: home,
        import_id: newId(),
        listed: true,
      })),
    );
  }

  private async regroup(tx: Transaction, stage: number): Promise<void> {
    for (const { home, persons } of this.homes) {
      const person = persons[stage];
      if (person === persons[stage - 1]) continue;
      await tx.query(
        `UPDATE identity_node SET person = $3, version = version + 1, dirty = true
         WHERE workspace_id = $1 AND home = $2`,
        [tx.workspaceId, home, person],
      );
      await tx.query(
        `UPDATE profile SET state = $3, version = version + 1, dirty = true WHERE workspace_id = $1 AND person = $2`,
        [tx.workspaceId, home, stateOf(home, person)],
      );
    }
  }
}

const stateOf = (home: number, person: number | undefined): string => (home === person ? 'active' : 'merged');

/** One home's share of a subject: every second event and identity; lists name the first home. */
function half(subject: Subject, turn: 0 | 1): Subject {
  const own = <T>(rows: readonly T[]): T[] => rows.filter((_row, index) => index % 2 === turn);
  return {
    ...subject,
    person: subject.person + turn * 100,
    identities: own(subject.identities),
    events: own(subject.events),
    lists: turn === 0 ? subject.lists : [],
  };
}

/** An identity is one person's, so later subjects go without what earlier ones have. */
function withOwnIdentities(subjects: readonly Subject[]): Subject[] {
  const taken = new Set<string>();
  return subjects.map((subject) => ({
    ...subject,
    identities: subject.identities.filter((claim) => {
      const known = taken.has(canonicalJson(claim));
      taken.add(canonicalJson(claim));
      return !known;
    }),
  }));
}

const stamped = <T>(values: Record<string, T>, said: (value: T) => object): object =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      { ...said(value), source: 's', at: FIRST.toISOString(), pos: 0 },
    ]),
  );

async function write(tx: Transaction, table: string, rows: readonly object[]): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const columns = Object.keys(first).join(', ');
  await tx.query(
    `INSERT INTO ${table} (workspace_id, ${columns})
     SELECT $1, ${columns} FROM jsonb_populate_recordset(NULL::${table}, $2)`,
    [tx.workspaceId, JSON.stringify(rows)],
  );
}
