import {
  advance,
  enter,
  type Advanced,
  type Answer,
  type Instance,
  type JourneyDefinition,
  parseJourney,
} from '@percorso/journey';
import { newId } from '@percorso/kernel';
import { median } from './bench';
import { abandonedCart, CART_WAIT_S, cartStory } from './journeys-shop';

const BEGUN = new Set(['passed', 'entered']);
const START = Date.parse('2026-06-15T12:00:00Z');

/** The engine alone, answers at hand: steps a second of processor time, in the middle of the rounds. */
export function measureEngine(instances: number, rounds: number): number {
  const parsed = parseJourney(abandonedCart(newId()));
  if (!parsed.ok) throw new RangeError(JSON.stringify(parsed.errors));
  const rates: number[] = [];
  // The first makes the engine's code ready.
  for (let round = -1; round < rounds; round++) {
    const before = process.cpuUsage();
    let steps = 0;
    for (let number = 0; number < instances; number++) {
      steps += walk(parsed.journey, number, { check: number === 0 });
    }
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) rates.push(steps / ((user + system) / 1_000_000));
  }
  const rate = Math.round(median(rates));
  console.log(
    `the engine alone: ${rate.toLocaleString('en')} steps/s of processor time (${rounds} rounds of ${instances} instances)`,
  );
  return rate;
}

/** One cart, from its event to its end. @returns steps that were begun */
function walk(journey: JourneyDefinition, number: number, { check }: { check: boolean }): number {
  const pro = number % 3 === 0;
  const properties = { cart_id: `cart-${number}`, total: 42 };
  const event = {
    messageId: `m${number}`,
    name: 'Cart Updated',
    occurredAt: START,
    receivedAt: START,
    properties,
  };
  const entering = {
    ...{ id: `i${number}`, journeyId: 'j', version: 1, person: number, profileId: `p${number}` },
    ...{ key: properties.cart_id, holdout: false, entry: { kind: 'event' as const, event } },
  };
  const lines: string[] = [];
  let steps = 0;
  const follow = (first: Advanced, at: number): Instance => {
    for (let advanced = first; ;) {
      for (const { step, what } of advanced.trace) {
        if (step !== '' && BEGUN.has(what)) steps += 1;
        if (check) lines.push(`${step} ${what}`);
      }
      if (advanced.questions.length === 0) return advanced.instance;
      const answers = advanced.questions.map(({ visit, ask }): Answer => {
        if (ask.kind === 'condition') return { visit, pointer: ask.pointer, holds: pro };
        return { visit, values: { discount: '10' }, errors: {} };
      });
      advanced = advance(journey, advanced.instance, { kind: 'answers', answers }, at);
    }
  };
  const waiting = follow(enter(journey, entering, START), START);
  const due = START + CART_WAIT_S * 1000;
  const { state } = follow(advance(journey, waiting, { kind: 'due' }, due), due);
  if (state !== 'ended' || (check && lines.join(',') !== cartStory(pro, false).path))
    throw new RangeError(`walked ${lines.join(',')}`);
  return steps;
}
