import {
  type Call,
  createAudience,
  type Evaluation,
  poll,
  send,
  settled,
  type StoryContext,
} from '@percorso/demo';
import { expectExactLog, streamPosition } from './exact-members';
import { World } from './world';

const [MINUTE, DAY] = [60_000, 86_400_000];
const PEOPLE = 60;
const DEFINITIONS = 1000;
/** Of which so many are held against their sets at the end: all of them at night. */
const SAMPLE = Number(process.env.PERCORSO_SAMPLE ?? 100);
/** Requests under way at once. */
const ABREAST = 8;
/** What people spend and come to is below it. */
const MOST = 200;

interface Order {
  spent: number;
  /** Whether it is of the last 30 days. */
  recent: boolean;
}
interface Person {
  level: number;
  orders: Order[];
}
/** A definition as the API takes it, and read literally. */
interface Rule {
  where: object;
  holds: (person: Person) => boolean;
}

const sum = (orders: readonly Order[]): number => orders.reduce((total, { spent }) => total + spent, 0);

/** A thousand that differ: every fifth of a kind of its own, the limits within what people come to. */
function ruleOf(index: number): Rule {
  const limit = Math.floor(index / 5);
  const event = (more: object): object => ({ event: { name: 'Order Completed', ...more } });
  const kinds: Rule[] = [
    {
      where: event({
        within: { last: '30d' },
        measure: 'count',
        op: 'gte',
        value: 1 + (limit % 7),
        where: [{ path: 'spent', op: 'gte', value: limit }],
      }),
      holds: ({ orders }) =>
        orders.filter(({ recent, spent }) => recent && spent >= limit).length >= 1 + (limit % 7),
    },
    {
      where: event({ measure: { sum: 'spent' }, op: 'gt', value: 5 * limit }),
      holds: ({ orders }) => sum(orders) > 5 * limit,
    },
    {
      where: { not: event({ where: [{ path: 'spent', op: 'eq', value: limit }] }) },
      holds: ({ orders }) => !orders.some(({ spent }) => spent === limit),
    },
    {
      where: { trait: { path: 'level', op: 'gte', value: limit } },
      holds: ({ level }) => level >= limit,
    },
    {
      where: {
        all: [
          { trait: { path: 'level', op: 'lt', value: limit } },
          event({ within: { last: '30d' }, measure: { max: 'spent' }, op: 'gte', value: limit }),
        ],
      },
      holds: ({ level, orders }) =>
        level < limit && orders.some(({ recent, spent }) => recent && spent >= limit),
    },
  ];
  return kinds[index % 5]!;
}

/** `work` for each, some of them side by side. */
async function abreast<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const runner = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: ABREAST }, runner));
  return results;
}

// A minute's work; what a busy machine makes of it is no failure.
jest.setTimeout(30 * MINUTE);

describe('1,000 audiences', () => {
  let world: World;
  let context: StoryContext;
  const people = new Map<string, Person>();
  let serial = 0;

  beforeAll(async () => {
    world = await World.start();
    context = await world.workspace(0);
  });
  afterAll(() => world?.stop());

  /** What everybody does next; what is plainly known of them is kept beside. */
  const calls = (round: number): Call[] =>
    Array.from({ length: PEOPLE }, (_, index) => `u-${index}`).flatMap((userId, index) => {
      const { orders } = people.get(userId) ?? { orders: [] };
      const level = (index * 37 + round * 53) % MOST;
      const more = [0, 1].map((nth) => ({
        spent: (index * 13 + round * 71 + nth * 29) % MOST,
        recent: (index + round + nth) % 3 > 0,
      }));
      people.set(userId, { level, orders: [...orders, ...more] });
      const said = (): { messageId: string; userId: string } => ({ messageId: `m-${++serial}`, userId });
      return [
        { ...said(), type: 'identify' as const, timestamp: new Date(), traits: { level } },
        ...more.map(({ recent, spent }) => ({
          ...said(),
          type: 'track' as const,
          event: 'Order Completed',
          properties: { spent },
          timestamp: new Date(Date.now() - (recent ? 1 : 60) * DAY),
        })),
      ];
    });

  const say = (round: number): Promise<unknown> => send(context.hubUrl, context.writeKey, calls(round));

  const sql = <R extends object>(text: string): Promise<R[]> => world.sql<R>(text, [context.workspaceId]);

  const evaluated = (): Promise<number> =>
    poll(
      async () => {
        const [row] = await sql<{ open: number }>(
          `SELECT count(*)::int AS open FROM percorso.evaluation
           WHERE workspace_id = $1 AND state IN ('pending', 'running')`,
        );
        return row!.open;
      },
      (open) => open === 0,
      { what: 'all evaluations', timeoutMs: 10 * MINUTE },
    );

  /** User ids of members, by audience. */
  const members = async (): Promise<Map<string, string[]>> => {
    const rows = await sql<{ id: string; members: string[] }>(
      `SELECT m.audience_id AS id, array_agg(n.value ORDER BY n.value) AS members
       FROM percorso.membership m JOIN percorso.identity_node n USING (workspace_id, person)
       WHERE m.workspace_id = $1 AND m.member AND n.namespace = 'user_id' GROUP BY m.audience_id`,
    );
    return new Map(rows.map((row) => [row.id, row.members]));
  };

  it('defined while events come in: each has just whom it should, as the set and read literally, each change told once', async () => {
    const rules = Array.from({ length: DEFINITIONS }, (_, index) => ruleOf(index));
    await say(0);
    let saying: Promise<unknown> = Promise.resolve();
    const audiences = await abreast(rules, ({ where }, index) => {
      if (index % 200 === 100) saying = saying.then(() => say(Math.ceil(index / 200)));
      return createAudience(context, `Rule ${index}`, { version: 1, where });
    });
    await saying;
    await evaluated();
    for (const round of [6, 7, 8]) await say(round);
    await settled(context, serial);
    await poll(
      () => streamPosition(world, context),
      (pos) => pos >= serial,
      { what: 'audiences to reflect the log', everyMs: 50, timeoutMs: 10 * MINUTE },
    );

    const wanted = rules.map(({ holds }) =>
      [...people].flatMap(([userId, person]) => (holds(person) ? [userId] : [])).sort(),
    );
    const found = await members();
    expect(audiences.map(({ id }) => found.get(id) ?? [])).toEqual(wanted);
    // Most would tell it if somebody were missing, and if somebody were there who should not be.
    expect(wanted.filter(({ length }) => length > 0 && length < PEOPLE).length).toBeGreaterThan(500);

    await expectExactLog(world, context, audiences);
    // A step that meets every kind and every size.
    const sample = Array.from({ length: SAMPLE }, (_, nth) => (nth * 777) % DEFINITIONS);
    const asked = await abreast(sample, (index) =>
      context.admin.post<Evaluation>(`/v1/audiences/${audiences[index]!.id}/evaluate`),
    );
    await evaluated();
    const checks = await abreast(asked, ({ id }) => context.admin.get<Evaluation>(`/v1/evaluations/${id}`));
    expect(checks.map(({ state, members: count, drift }) => ({ state, count, drift }))).toEqual(
      sample.map((index) => ({ state: 'done', count: wanted[index]!.length, drift: 0 })),
    );
  });
});
