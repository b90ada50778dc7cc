import fc from 'fast-check';
import type {
  AwaitArm,
  EventWatch,
  JourneyDefinition,
  Reaction,
  Step,
  Watch,
} from '../../definition/definition';
import { CONNECTOR, journeyOf } from './journeys';

/** Random valid journeys of all kinds of steps, of few names and few lengths of time, so that things meet. */

const MINUTE = 60_000;
const NOON = Date.UTC(2026, 10, 25, 12);

const events = fc.constantFrom('Cart Updated', 'Order Completed', 'Login');
const audiences = fc.constantFrom('gold', 'lapsed');
const lengths = fc.constantFrom(1, MINUTE, 5 * MINUTE, 60 * MINUTE, 1_440 * MINUTE);
const windows = fc.constantFrom(5 * MINUTE, 60 * MINUTE, 1_440 * MINUTE, 10_080 * MINUTE);
const texts = fc.constantFrom('a', 'b', 'fails');
const names = fc.constantFrom('x', 'y', 'offer', 'constructor');
const expressions = fc.dictionary(names, texts, { maxKeys: 2 });
const content = fc.constant({ jsonata: '{}' });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });

const eventWatch: fc.Arbitrary<EventWatch> = fc
  .record({ name: events, least: maybe(fc.constantFrom(1, 2)), key: maybe(fc.constant('other')) })
  .map(({ name, least, key }) => ({
    name,
    where:
      least === undefined
        ? []
        : [{ path: 'total', op: 'gte' as const, value: { type: 'number' as const, value: String(least) } }],
    ...(key !== undefined && { key }),
  }));
const watch: fc.Arbitrary<Watch> = fc.oneof(
  eventWatch.map((event) => ({ event })),
  fc.record({
    audience: fc.record({ id: audiences, on: fc.constantFrom('enter' as const, 'exit' as const) }),
  }),
);
const condition = fc.oneof(
  names.map((jsonata) => ({ jsonata })),
  fc.constantFrom('email', 'sms').map((channel) => ({
    kind: 'consent' as const,
    channel,
    is: 'granted' as const,
  })),
);
const zone = fc.oneof(fc.constant({ name: 'Asia/Kathmandu' }), fc.constant({ trait: 'zone' }));
const until = fc.oneof(
  lengths.map((ms) => ({ for: ms })),
  fc.constantFrom(-1, 0, 90).map((minutes) => ({ at: NOON + minutes * MINUTE })),
  fc.constant({ jsonata: 'date' }),
  fc
    .record({
      hour: fc.constantFrom(0, 12, 13),
      minute: fc.constantFrom(0, 30),
      weekdays: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }),
      zone: maybe(zone),
    })
    .map(({ hour, minute, weekdays, zone: of }) => ({
      time: { hour, minute },
      weekdays,
      ...(of && { zone: of }),
    })),
);

type Reacts = Reaction['reaction']['is'];
const reacts = fc.constantFrom<Reacts[]>('delivered', 'clicked', 'unsubscribed');
/** `to` is drawn among the steps that send when all are known. */
const arm = fc.record({
  for: fc.oneof(watch, fc.record({ is: reacts, to: fc.nat(9) })),
  as: maybe(names),
});

/** A step, and which of the steps after it each of its ways leads to: 0 to none. */
interface Drawn {
  step: DrawnStep;
  ways: number[];
  inside: DrawnRegion[];
}
interface DrawnRegion {
  nodes: Drawn[];
  last: DrawnStep | undefined;
}
type DrawnStep = Record<string, unknown> & { kind: Step['kind'] };

const kind = <K extends Step['kind']>(of: K): fc.Arbitrary<K> => fc.constant(of);
const waiting: fc.Arbitrary<DrawnStep> = fc.oneof(
  fc.record({
    kind: kind('send'),
    connectorId: fc.constant(CONNECTOR),
    content,
    priority: fc.constantFrom('transactional', 'bulk'),
    failed: fc.constantFrom(undefined, ''),
  }),
  fc.record({
    kind: kind('call'),
    connectorId: fc.constant(CONNECTOR),
    content,
    into: expressions,
    timeoutMs: lengths,
    failed: fc.constantFrom(undefined, ''),
    timedOut: fc.constantFrom(undefined, ''),
  }),
  fc.record({ kind: kind('wait'), until }),
  fc.record({
    kind: kind('await'),
    arms: fc.array(arm, { minLength: 1, maxLength: 3 }),
    timeoutMs: maybe(lengths),
    timedOut: fc.constantFrom(undefined, ''),
  }),
);
const passing: fc.Arbitrary<DrawnStep> = fc.oneof(
  fc.record({
    kind: kind('branch'),
    arms: fc.array(
      condition.map((where) => ({ where })),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  fc.record({
    kind: kind('split'),
    arms: fc.constant([
      { name: 'a', share: 2_500 },
      { name: 'b', share: 5_000 },
    ]),
    salt: fc.constantFrom(undefined, 'salt', 'pepper'),
  }),
  fc.record({
    kind: kind('update'),
    traits: expressions,
    consent: fc.constantFrom([], [{ channel: 'sms', is: 'denied' }]),
    lists: fc.constantFrom([], [{ audienceId: 'gold', op: 'add' }]),
    context: expressions,
  }),
);
const plain = fc.oneof({ weight: 2, arbitrary: waiting }, passing);
const last: fc.Arbitrary<DrawnStep> = fc.oneof(
  fc.record({ kind: kind('jump'), journeyId: fc.constant('other'), context: expressions }),
  fc.record({ kind: kind('end'), reason: maybe(fc.constant('enough')) }),
);
const ways = fc.array(fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 3), { minLength: 5, maxLength: 5 });

const { region } = fc.letrec<{ region: DrawnRegion; node: Drawn }>((tie) => ({
  region: fc.record({
    nodes: fc.array(tie('node'), { minLength: 1, maxLength: 5, size: 'max' }),
    last: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, last),
  }),
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    { weight: 5, arbitrary: fc.record({ step: plain, ways, inside: fc.constant<DrawnRegion[]>([]) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.record({ kind: kind('parallel'), join: fc.constantFrom('all', 'any') }),
        ways,
        inside: fc.array(tie('region'), { minLength: 2, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        step: fc.record({
          kind: kind('loop'),
          times: fc.integer({ min: 1, max: 3 }),
          while: maybe(condition),
        }),
        ways,
        inside: fc.array(tie('region'), { minLength: 1, maxLength: 1 }),
      }),
    },
  ),
}));

/** A message, some time, and then somebody who awaits what was done to it. */
const reacting: fc.Arbitrary<Drawn[]> = fc
  .record({
    until: lengths.map((ms) => ({ for: ms })),
    arms: fc.array(arm, { maxLength: 1 }),
    is: reacts,
    as: maybe(names),
  })
  .map(({ until: time, arms, is, as }) =>
    [
      { kind: 'send', connectorId: CONNECTOR, content: { jsonata: '{}' }, priority: 'bulk' } as const,
      { kind: 'wait', until: time } as const,
      { kind: 'await', arms: [{ for: { is, to: 0 }, as }, ...arms] } as const,
    ].map((step) => ({ step, ways: [], inside: [] })),
  );
/** Writes a region's steps down, under ids that tell where they stand; the id of the first. */
function write(drawn: DrawnRegion, prefix: string, steps: Record<string, DrawnStep>): string {
  const end: Drawn[] = drawn.last ? [{ step: drawn.last, ways: [], inside: [] }] : [];
  const nodes = [...drawn.nodes, ...end].map((node, index) => ({ ...node, id: `${prefix}${index}` }));
  nodes.forEach(({ id, step, ways: drawnWays, inside }, index) => {
    const lead = (way: number, otherwise: string | undefined): string | undefined => {
      const by = drawnWays[way] ?? 0;
      return by === 0 ? otherwise : nodes[index + by]?.id;
    };
    const next = nodes[index + 1]?.id;
    const own: DrawnStep = { ...step, next: lead(0, next) };
    steps[id] = own;
    if ('failed' in step && step.failed !== undefined) own.failed = lead(1, next);
    if ('timedOut' in step && step.timedOut !== undefined) own.timedOut = lead(2, undefined);
    if (Array.isArray(step.arms))
      own.arms = step.arms.map((one: object, at) => ({ ...one, next: lead(at + 1, undefined) }));
    const begun = inside.map((one, branch) => write(one, `${id}${'abc'[branch]}`, steps));
    if (step.kind === 'parallel') own.branches = begun;
    if (step.kind === 'loop') own.body = begun[0];
  });
  return nodes[0]!.id;
}

/** Reactions are to steps that send; an arm for one where nothing does is for a login. */
function settle(steps: Record<string, DrawnStep>): Record<string, Step> {
  const senders = Object.keys(steps).filter((id) => steps[id]!.kind === 'send');
  const watched = (drawn: { is: Reacts; to: number } | Watch): AwaitArm['for'] => {
    if (!('is' in drawn)) return drawn;
    const to = senders[drawn.to % senders.length];
    return to === undefined ? { event: { name: 'Login', where: [] } } : { reaction: { to, is: drawn.is } };
  };
  for (const step of Object.values(steps)) {
    if (step.kind !== 'await') continue;
    step.arms = (step.arms as { for: Parameters<typeof watched>[0] }[]).map((one) => ({
      ...one,
      for: watched(one.for),
    }));
  }
  return JSON.parse(JSON.stringify(steps)) as Record<string, Step>;
}

const journeyFrom = (of: fc.Arbitrary<DrawnRegion>): fc.Arbitrary<JourneyDefinition> =>
  fc
    .record({
      region: of,
      key: maybe(fc.constant('order')),
      goal: fc.option(fc.record({ watch, ends: fc.boolean(), withinMs: windows }), {
        nil: undefined,
        freq: 4,
      }),
      exits: fc.array(watch, { maxLength: 2, size: 'xsmall' }),
      merge: fc.constantFrom('oldest' as const, 'newest' as const, 'none' as const),
    })
    .map(({ region: drawn, key, goal, exits, merge }) => {
      const steps: Record<string, DrawnStep> = {};
      const start = write(drawn, 's', steps);
      return journeyOf(settle(steps), { start, exits, merge, ...(key && { key }), ...(goal && { goal }) });
    });

export const arbitraryJourney = journeyFrom(region);

/** One that begins with a message, and comes to await reactions to it. */
export const reactingJourney = journeyFrom(
  fc
    .tuple(reacting, region)
    .map(([first, { nodes, last: end }]) => ({ nodes: [...first, ...nodes], last: end })),
);
