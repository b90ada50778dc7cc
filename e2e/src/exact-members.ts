import { type Audience, evaluate, type StoryContext } from '@percorso/demo';
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

/** Nobody lost, nobody twice: replayed deltas = members = the set, and each pair's versions are 1, 2, 3, … */
export async function expectExactMembers(
  world: World,
  context: StoryContext,
  audience: Audience,
  members: number,
): Promise<Delta[]> {
  expect(await evaluate(context, audience)).toMatchObject({ members, drift: 0 });
  const rows = await world.sql<{ person: number }>(
    'SELECT person FROM percorso.membership WHERE audience_id = $1 AND member ORDER BY person',
    [audience.id],
  );
  const deltas = await world.sql<Delta>(
    `SELECT person, op, version::int AS version, cause ->> 'kind' AS kind FROM percorso.membership_delta
     WHERE audience_id = $1 ORDER BY pos`,
    [audience.id],
  );
  const versions = new Map<number, number>();
  for (const { person, op, version } of deltas) {
    expect(version).toBe((versions.get(person) ?? 0) + 1);
    expect(op).toBe(version % 2 === 1 ? 'enter' : 'exit');
    versions.set(person, version);
  }
  const replayed = [...versions].filter(([, version]) => version % 2 === 1).map(([person]) => person);
  expect(replayed.sort((a, b) => a - b)).toEqual(rows.map(({ person }) => person));
  expect(rows).toHaveLength(members);
  return deltas;
}
