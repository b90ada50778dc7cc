import fc from 'fast-check';
import type { JourneyDefinition } from '../definition/definition';
import { mostVisits } from './most-visits';
import { arbitraryJourney, reactingJourney } from './testing/arbitrary-journey';
import { arbitraryStory, reactingStory, type Story } from './testing/arbitrary-story';
import { Ledger } from './testing/ledger';
import { answerer, Facts } from './testing/oracle';
import { play } from './testing/play';
import { Player } from './testing/player';
import { Reference } from './testing/reference';

const SEED = Number(process.env.PERCORSO_SEED);
const CASES = Number(process.env.PERCORSO_CASES ?? 500);

const told = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(arbitraryJourney, arbitraryStory) },
  { weight: 1, arbitrary: fc.tuple(reactingJourney, reactingStory) },
);

const playerOf = (journey: JourneyDefinition, story: Story): Player => {
  const player = new Player(journey, answerer(new Facts(story.seed), journey));
  return player.enter(story.at, story.entering);
};

/** Everything that can be seen of an instance. */
const seen = ({ instance, commands, trace }: Player): object => ({
  commands,
  trace,
  end: [instance.endReason, instance.endedAt, instance.goalAt, instance.goalUntil],
  context: instance.context,
  sent: instance.sent,
  reacted: instance.reacted,
  visits: instance.visits,
  waiting: instance.tokens
    .map(({ step, visit, wait }) => ({ step, visit, ...wait }))
    .sort((a, b) => a.visit - b.visit),
});

const expected = (reference: Reference): object => ({
  commands: reference.commands,
  trace: reference.trace,
  end: [reference.endReason, reference.endedAt, reference.goalAt, reference.goalUntil],
  context: reference.context,
  sent: reference.sent,
  reacted: reference.reacted,
  visits: reference.visits,
  waiting: reference.standing,
});

/** What stories are to be about, most of them many times. */
const OCCASIONS = [
  ...['passed', 'entered', 'left', 'stopped', 'goal', 'ended', 'error'],
  ...['goal after the end', 'followed long enough', 'passed await'],
  ...['deliver', 'traits', 'consent', 'list', 'jump'],
  ...['completed', 'goal', 'exit', 'jump', 'enough', null].map((reason) => `ended ${reason}`),
  ...['send', 'call', 'wait', 'await', 'branch', 'split', 'parallel', 'loop', 'update', 'jump', 'end'].map(
    (kind) => `visits ${kind}`,
  ),
];

describe(`random journeys and stories, seed ${SEED}`, () => {
  it('go as the reference says: the same commands at the same moments, the same trace and end', () => {
    const met = new Set<string>();
    fc.assert(
      fc.property(told, ([journey, story]) => {
        const player = playerOf(journey, story);
        play(player, story);
        const reference = new Reference(journey, story.entering, new Facts(story.seed), story.at);
        play(reference, story);
        expect(seen(player)).toEqual(expected(reference));
        for (const { what, step } of player.trace)
          met
            .add(what)
            .add(`visits ${journey.steps[step]?.kind}`)
            .add(`${what} ${journey.steps[step]?.kind}`);
        for (const { kind } of player.commands) met.add(kind);
        const { endReason, endedAt, goalAt, holdout } = player.instance;
        met.add(`ended ${endReason}`);
        if (goalAt !== null && goalAt > (endedAt ?? Infinity)) met.add('goal after the end');
        if (holdout && journey.goal && endReason === 'completed') met.add('followed long enough');
      }),
      { seed: SEED, numRuns: CASES },
    );
    // Fewer may miss one by chance.
    if (CASES >= 500) expect(OCCASIONS.filter((occasion) => !met.has(occasion))).toEqual([]);
  });

  it('keep what is promised of every state on the way', () => {
    fc.assert(
      fc.property(told, ([journey, story]) => {
        const player = playerOf(journey, story);
        const ledger = new Ledger(journey, mostVisits(journey));
        ledger.check(player, undefined, story.at);
        play(player, story, (stimulus, at) => ledger.check(player, stimulus, at));
      }),
      { seed: SEED, numRuns: CASES },
    );
  });
});
