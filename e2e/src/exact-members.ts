import { type Audience, evaluate, type IngestStatus, poll, type StoryContext } from '@percorso/demo';
import type { World } from './world';

export interface Delta {
  person: number;
  op: 'enter' | 'exit';
  version: number;
  kind: string;
}

/** The position that every audience reflects, of all persons. */
export async function streamPosition(world: World, { workspaceId }: StoryContext): Promise<number> {
  const [row] = await world.sql<{ pos: string }>(
    `SELECT min(coalesce(c.pos, 0)) AS pos
     FROM percorso.lease l LEFT JOIN percorso.stream_cursor c USING (workspace_id, partition)
     WHERE l.workspace_id = $1 AND l.kind = 'stream'`,
    [workspaceId],
  );
  return Number(row?.pos ?? 0);
}

/** Nobody lost, nobody twice: members are the set, and what the log replayed gives. */
export async function expectExactMembers(
  world: World,
  context: StoryContext,
  audience: Audience,
  members: number,
): Promise<Delta[]> {
  const { applied } = await context.admin.get<IngestStatus>('/v1/ingest');
  const position = (): Promise<number> => streamPosition(world, context);
  // Who was killed is taken over after seconds; until then nobody can tell what is drift.
  await poll(position, (pos) => pos >= applied, { what: 'audiences to reflect the log' });
  expect(await evaluate(context, audience)).toMatchObject({ members, drift: 0 });
  const deltas = await expectExactLog(world, context, [audience]);
  expect(deltas.reduce((sum, { op }) => sum + (op === 'enter' ? 1 : -1), 0)).toBe(members);
  return deltas;
}

/** The deltas of audiences: each pair's versions are 1, 2, 3, …, and replayed they give the members there are. */
export async function expectExactLog(
  world: World,
  { workspaceId }: StoryContext,
  audiences: readonly { id: string }[],
): Promise<Delta[]> {
  const values = [workspaceId, audiences.map(({ id }) => id)];
  const members = await world.sql<{ pair: string }>(
    `SELECT audience_id || ' ' || person AS pair FROM percorso.membership
     WHERE workspace_id = $1 AND audience_id = ANY($2::uuid[]) AND member`,
    values,
  );
  const deltas = await world.sql<Delta & { audience: string }>(
    `SELECT audience_id AS audience, person, op, version::int AS version, cause ->> 'kind' AS kind
     FROM percorso.membership_delta WHERE workspace_id = $1 AND audience_id = ANY($2::uuid[]) ORDER BY pos`,
    values,
  );
  const versions = new Map<string, number>();
  const broken = deltas.filter(({ audience, person, op, version }) => {
    const pair = `${audience} ${person}`;
    const next = (versions.get(pair) ?? 0) + 1;
    versions.set(pair, version);
    return version !== next || op !== (version % 2 === 1 ? 'enter' : 'exit');
  });
  expect(broken).toEqual([]);
  const replayed = [...versions].flatMap(([pair, version]) => (version % 2 === 1 ? [pair] : []));
  expect(replayed.sort()).toEqual(members.map(({ pair }) => pair).sort());
  return deltas;
}
