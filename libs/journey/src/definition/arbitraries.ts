import fc from 'fast-check';
import { ARMS } from './edges';

/** Journeys as they are written, valid every one, drawn from few names so that they meet often. */
export const SOME_ID = '0197a6d0-1111-7222-8333-444455556666';
const OTHER_ID = '0197a6d0-1111-7222-8333-444455557777';

const ids = fc.constantFrom(SOME_ID, OTHER_ID);
const durations = fc.constantFrom('1s', '5m', '2h', 'PT90M', '1d', 'P1W');
const expression = fc.constantFrom(
  'profile.traits.email',
  '{"to": profile.traits.email}',
  'now',
  '$uppercase("a")',
);
const jsonata = fc.record({ jsonata: expression });
const names = fc.constantFrom('a', 'b', 'offer', 'order_id');
const expressions = fc.dictionary(names, expression, { minKeys: 1, maxKeys: 3 });
const zone = fc.oneof(fc.constantFrom('Europe/Rome', 'Asia/Kathmandu'), fc.constant({ trait: 'timezone' }));
const leaf = fc.constantFrom<object>(
  { trait: { path: 'tier', op: 'eq', value: 'gold' } },
  { consent: { channel: 'email', is: 'granted' } },
  { event: { name: 'Order Completed', within: { last: '30d' } } },
  { audience: { id: SOME_ID } },
);
const condition = fc.oneof(
  leaf,
  fc.record({ all: fc.array(leaf, { minLength: 1, maxLength: 3 }) }),
  leaf.map((not) => ({ not })),
);
const ask = fc.oneof(condition, jsonata);
const eventNames = fc.constantFrom('Cart Updated', 'Order Completed', 'Login');
const optionally = <T extends Record<string, fc.Arbitrary<unknown>>>(
  needed: T,
  more: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<object> => fc.record({ ...needed, ...more }, { requiredKeys: Object.keys(needed) });

const event = optionally(
  { name: eventNames },
  {
    where: fc.constant([{ path: 'total', op: 'gte', value: 20 }]),
    key: fc.constantFrom('cart_id', 'order.id'),
  },
);
const audience = fc.record({ id: ids, on: fc.constantFrom('enter', 'exit') });
const watch = fc.oneof(fc.record({ event }), fc.record({ audience }));
const distinct = <T>(items: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(items, { minLength: 1, maxLength, selector: (item) => JSON.stringify(item) });

/** A step without what follows it. */
const plain = fc.oneof(
  fc.record({
    send: optionally(
      { connector: ids, content: jsonata },
      { priority: fc.constantFrom('transactional', 'bulk') },
    ),
  }),
  fc.record({
    call: optionally(
      { connector: ids, content: jsonata },
      { into: expressions, timeout: fc.constantFrom('20s', '1m', '1d') },
    ),
  }),
  fc.record({
    wait: fc.oneof(
      fc.record({ for: durations }),
      fc.record({ at: fc.constantFrom('2026-12-24', '2026-12-24T18:00:00Z') }),
      jsonata,
      optionally(
        { time: fc.constantFrom('00:00', '09:00', '23:59') },
        { weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), zone },
      ),
    ),
  }),
  fc.record({ await: optionally({ any: distinct(watch, 3) }, { timeout: durations }) }),
  fc.record({ branch: distinct(ask, 3).map((tests) => tests.map((where) => ({ where }))) }),
  fc.record({
    split: optionally(
      {
        arms: fc
          .uniqueArray(names, { minLength: 1 })
          .map((arms) => arms.map((name, index) => ({ name, percent: [0.29, 50, 10, 25][index] }))),
      },
      { salt: names },
    ),
  }),
  fc.record({
    update: fc.oneof(
      fc.record({ traits: expressions, context: expressions }),
      fc.record({ consent: fc.constant([{ channel: 'sms', topic: 'news', is: 'denied' }]) }),
      fc.record({ lists: ids.map((id) => [{ audience: id, op: 'add' }]) }),
    ),
  }),
);
const last = fc.oneof(
  fc.record({ jump: optionally({ journey: ids }, { context: expressions }) }),
  fc.record({ end: optionally({}, { reason: names }) }),
);

/** What is walked one after the other; `ways` draws which step each way leads to. */
interface Region {
  nodes: Node[];
  last?: object;
}
interface Node {
  step: object;
  ways: number[];
  inside: Region[];
}

const { region } = fc.letrec<{ region: Region; node: Node }>((tie) => ({
  region: fc.record(
    { nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }), last },
    { requiredKeys: ['nodes'] },
  ),
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.record({
      step: plain,
      ways: fc.array(fc.nat(9), { minLength: 6, maxLength: 6 }),
      inside: fc.constant<Region[]>([]),
    }),
    fc.record({
      step: fc.record({ parallel: optionally({}, { join: fc.constantFrom('all', 'any') }) }),
      ways: fc.constant<number[]>([]),
      inside: fc.array(tie('region'), { minLength: 2, maxLength: 2 }),
    }),
    fc.record({
      step: fc.record({ loop: optionally({ times: fc.integer({ min: 1, max: 3 }) }, { while: ask }) }),
      ways: fc.constant<number[]>([]),
      inside: fc.array(tie('region'), { minLength: 1, maxLength: 1 }),
    }),
  ),
}));

type Written = Record<string, Record<string, unknown>>;

/** Writes a region's steps; its first one's id. Each step leads to the one after it, its other ways to any later one. */
function write({ nodes, last: end }: Region, steps: Written): string {
  const first = Object.keys(steps).length;
  const own = [...nodes, ...(end ? [{ step: end, ways: [], inside: [] }] : [])].map((node, index) => ({
    ...node,
    id: `s${first}${'abcdef'[index]}`,
  }));
  for (const { id, step } of own) steps[id] = structuredClone(step) as Written[string];
  own.forEach(({ id, ways, inside }, index) => {
    const step = steps[id]!;
    const later = own.slice(index + 1).map((node) => node.id);
    const begun = inside.map((one) => write(one, steps));
    if (step.parallel) Object.assign(step.parallel, { branches: begun });
    if (step.loop) Object.assign(step.loop, { body: begun[0] });
    if (later.length === 0) return;
    step.next = later[0];
    const draw = (way: number): string | undefined => later[(ways[way] ?? 9) - 1];
    others(step).forEach(({ holder, name }, way) => {
      const to = draw(way);
      if (to !== undefined) holder[name] = to;
    });
  });
  return own[0]!.id;
}

/** Where a step may say to go besides `next`. */
function others(step: Record<string, unknown>): { holder: Record<string, unknown>; name: string }[] {
  const ways: { holder: Record<string, unknown>; name: string }[] = [];
  for (const [kind, path] of Object.entries(ARMS)) {
    if (!step[kind]) continue;
    const arms = path
      .split('/')
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], step);
    for (const holder of arms as Record<string, unknown>[]) ways.push({ holder, name: 'next' });
  }
  if (step.send ?? step.call) ways.push({ holder: step, name: 'failed' });
  const timed = step.call ?? (step.await as { timeout?: string } | undefined)?.timeout;
  if (timed) ways.push({ holder: step, name: 'timedOut' });
  return ways;
}

const entry = fc.oneof(
  optionally({ event }, { backfill: fc.boolean() }),
  optionally({ audience }, { backfill: fc.boolean() }),
  fc.record({
    read: fc.oneof(
      optionally(
        { audience: ids, cron: fc.constantFrom('0 9 * * *', '*/5 * * * 1-5') },
        { zone: fc.constant('Europe/Rome'), only: fc.constantFrom('all', 'new') },
      ),
      optionally(
        { audience: ids, afterEvaluation: fc.constant(true) },
        { perSecond: fc.integer({ min: 1, max: 20_000 }) },
      ),
    ),
  }),
  fc.record({ business: fc.record({ event, audience: ids }) }),
  fc.constant({ api: {} }),
);
const keyed = fc.oneof(fc.record({ event }), fc.constant({ api: {} }));
const kindOf = (one: object): string => `${Object.keys(one)[0]}`;
const entriesOf = (of: fc.Arbitrary<object>): fc.Arbitrary<object[]> =>
  fc.uniqueArray(of, { minLength: 1, maxLength: 4, selector: kindOf });

const around = optionally(
  {},
  {
    where: condition,
    reentry: fc.oneof(fc.constantFrom('always', 'once'), fc.record({ after: durations })),
    caps: optionally({}, { total: fc.integer({ min: 1, max: 1e9 }), perDay: fc.constant(10) }),
    group: fc.record({ name: names, priority: fc.integer({ min: 0, max: 1000 }) }),
    late: durations,
    merge: fc.constantFrom('oldest', 'newest', 'none'),
    holdout: fc.constantFrom(0.01, 0.29, 10, 100),
    goal: fc
      .tuple(watch, optionally({}, { ends: fc.boolean(), within: durations }))
      .map(([one, more]) => ({ ...one, ...more })),
    exits: distinct(watch, 3),
  },
);

export const arbitraryJourney: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(
    fc.oneof(
      fc.record({ entries: entriesOf(entry) }),
      fc.record({ key: fc.constant('cart_id'), entries: entriesOf(keyed) }),
    ),
    around,
    region,
  )
  .map(([who, more, walked]) => {
    const steps: Written = {};
    const start = write(walked, steps);
    return { version: 1, ...who, ...more, start, steps };
  });
