import fc from 'fast-check';
import type { Entering } from '../advance';
import type { Stimulus, VisitOutcome } from '../protocol';
import { ENTERING } from './player';
import { visitKey } from '../visit-key';

const MINUTE = 60_000;

/** What happens to one instance: `after` so many milliseconds, and what was due until then came before it. */
export interface Turn {
  after: number;
  /** Nothing was taken up meanwhile: all that became due is due at this moment. */
  outage: boolean;
  stimulus: Stimulus;
}

export interface Story {
  entering: Entering;
  at: number;
  turns: Turn[];
  /** Of the facts. */
  seed: number;
}

const events = fc.constantFrom('Cart Updated', 'Order Completed', 'Login');
const keys = fc.constantFrom(undefined, 1, '1', 2, null);
const properties = fc
  .record({ total: fc.constantFrom(0, 1, 2, 'much'), order: keys, other: keys })
  .map((drawn): Record<string, unknown> => JSON.parse(JSON.stringify(drawn)) as Record<string, unknown>);
const visits = fc.integer({ min: 1, max: 14 });
const REACTIONS = ['Email Delivered', 'SMS Link Clicked', 'Unsubscribed'];
const reaction = fc.record({ name: fc.constantFrom(...REACTIONS), visit: visits });

/** Events get their times when the story is played: `late`, so long after they occurred they were received. */
const event = fc
  .record({
    what: fc.oneof(
      { weight: 3, arbitrary: fc.record({ name: events, properties }) },
      {
        weight: 1,
        arbitrary: reaction.map(({ name, visit }) => ({
          name,
          properties: { effect_key: visitKey(ENTERING, visit) } as Record<string, unknown>,
        })),
      },
    ),
    late: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.constantFrom(86_399_999, 86_400_000)),
    held: fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, fc.constant({ held: true })),
  })
  .map(({ what, late, held }): Stimulus => ({
    kind: 'event',
    event: { messageId: what.name, ...what, occurredAt: -late, receivedAt: 0 },
    ...held,
  }));
const outcome = fc.oneof(
  { weight: 2, arbitrary: fc.constant<VisitOutcome>({ status: 'accepted' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<VisitOutcome[]>(
      { status: 'accepted', response: { code: 7 } },
      { status: 'accepted', problem: 'response-too-large' },
      { status: 'rejected', code: 'bad-address' },
      { status: 'suppressed', code: 'unsubscribed' },
      { status: 'unknown', code: 'timeout' },
    ),
  },
);
const stimulus: fc.Arbitrary<Stimulus> = fc.oneof(
  { weight: 6, arbitrary: event },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('membership' as const),
      audienceId: fc.constantFrom('gold', 'lapsed'),
      op: fc.constantFrom('enter' as const, 'exit' as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('outcome' as const), visit: visits, outcome }) },
  { weight: 3, arbitrary: fc.constant<Stimulus>({ kind: 'due' }) },
  {
    weight: 1,
    arbitrary: visits.map((visit): Stimulus => ({
      kind: 'answers',
      answers: [{ visit, values: { until: 1 } }],
    })),
  },
);
const turn: fc.Arbitrary<Turn> = fc.record({
  after: fc.constantFrom(0, 0, 1, MINUTE, 4 * MINUTE, 60 * MINUTE, 1_440 * MINUTE),
  outage: fc.constantFrom(false, false, false, true),
  stimulus,
});

export const arbitraryStory: fc.Arbitrary<Story> = fc.record({
  entering: fc
    .record({
      person: fc.nat(1_000),
      key: fc.constantFrom(null, '1'),
      holdout: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      speed: fc.constantFrom(1, 1, 7, 100_000),
      entry: fc.constantFrom<Entering['entry'][]>(
        { kind: 'api' },
        { kind: 'jump', hops: 9 },
        { kind: 'jump', hops: 10 },
      ),
    })
    .map((drawn): Entering => ({ ...ENTERING, ...drawn })),
  at: fc.constantFrom(0, 1, 30 * MINUTE).map((by) => Date.UTC(2026, 10, 25, 12) + by),
  turns: fc.array(turn, { minLength: 5, maxLength: 25, size: 'max' }),
  seed: fc.nat(),
});

/** One in which all is done to the first message at once. */
export const reactingStory: fc.Arbitrary<Story> = arbitraryStory.map((story) => ({
  ...story,
  turns: [
    ...REACTIONS.map((name): Turn => ({
      after: 0,
      outage: false,
      stimulus: {
        kind: 'event',
        event: {
          ...{ messageId: name, name, properties: { effect_key: visitKey(ENTERING, 1) } },
          ...{ occurredAt: 0, receivedAt: 0 },
        },
      },
    })),
    ...story.turns,
  ],
}));
