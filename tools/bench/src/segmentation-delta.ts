import { newId } from '@percorso/kernel';
import { diffMembers, MembershipStore } from '@percorso/segmentation';
import { Database } from '@percorso/storage';
import type { Client } from 'pg';

/** Changes of one transaction, as an evaluation writes them. */
const CHUNK = 1000;
/** One of so many members leaves, and somebody else enters in its place. */
const CHANGED = 200;

export interface DeltaCost {
  readMs: number;
  diffMs: number;
  writeMs: number;
  changes: number;
}

/** An audience that has `members`: what it takes to find that 1 % of them are others now, and to write that down. */
export async function deltaCost(
  databaseUrl: string,
  postgres: Client,
  members: Uint32Array,
  everybody: readonly number[],
): Promise<DeltaCost> {
  const [workspaceId, audienceId, store] = [newId(), newId(), new MembershipStore()];
  await prepare(postgres, workspaceId, audienceId, members, everybody);
  const known = new Set(members);
  const others = everybody.filter((person) => !known.has(person));
  const after = members
    .map((person, index) => (index % CHANGED === 0 ? (others[index / CHANGED] ?? person) : person))
    .sort();
  const database = new Database({ url: databaseUrl });
  try {
    const started = performance.now();
    const before = await database.tx(workspaceId, (tx) => store.members(tx, audienceId));
    const read = performance.now();
    const { entered, exited } = diffMembers(before, after);
    const diffed = performance.now();
    const changes = [
      ...[...entered].map((person) => ({ person, member: true })),
      ...[...exited].map((person) => ({ person, member: false })),
    ];
    let written = 0;
    for (let start = 0; start < changes.length; start += CHUNK) {
      const part = changes.slice(start, start + CHUNK);
      const of = (member: boolean): number[] =>
        part.filter((one) => one.member === member).map(({ person }) => person);
      const done = await database.tx(workspaceId, (tx) =>
        store.apply(tx, {
          audienceId,
          entered: of(true),
          exited: of(false),
          cause: { kind: 'reconciliation', evaluationId: audienceId },
          definitionVersion: 1,
          at: new Date(),
        }),
      );
      written += done.entered + done.exited;
    }
    const ended = performance.now();
    const now = await database.tx(workspaceId, (tx) => store.members(tx, audienceId));
    if (written !== changes.length || diffMembers(now, after).entered.length > 0)
      throw new RangeError('not all changes were written');
    return { readMs: read - started, diffMs: diffed - read, writeMs: ended - diffed, changes: written };
  } finally {
    await database.close();
  }
}

/** Profiles, the audience and its members as they were. */
async function prepare(
  postgres: Client,
  workspaceId: string,
  audienceId: string,
  members: Uint32Array,
  everybody: readonly number[],
): Promise<void> {
  const now = new Date();
  await postgres.query(
    `INSERT INTO percorso.workspace (id, name, created_at, updated_at) VALUES ($1, 'bench', $2, $2)`,
    [workspaceId, now],
  );
  await postgres.query(
    `INSERT INTO percorso.audience (workspace_id, id, name, members, created_at, updated_at) VALUES ($1, $2, 'bench', $3, $4, $4)`,
    [workspaceId, audienceId, members.length, now],
  );
  await postgres.query(
    `INSERT INTO percorso.profile (workspace_id, person, id, dirty, created_at, updated_at)
     SELECT $1, person, uuidv7(), false, $3, $3 FROM unnest($2::int[]) AS person`,
    [workspaceId, everybody, now],
  );
  await postgres.query(
    `INSERT INTO percorso.membership (workspace_id, audience_id, person, profile_id, member, version, definition_version, since)
     SELECT $1, $2, person, p.id, true, 1, 1, $4 FROM unnest($3::int[]) AS person
     JOIN percorso.profile p USING (person) WHERE p.workspace_id = $1`,
    [workspaceId, audienceId, [...members], now],
  );
  await postgres.query('VACUUM ANALYZE percorso.membership');
}
