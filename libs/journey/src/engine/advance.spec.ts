import type { AwaitStep, Step } from '../definition/definition';
import { eventOf, journeyOf, sendStep, waitFor, watched } from './testing/journeys';
import { ENTERING, Player } from './testing/player';
import { visitKey } from './visit-key';

const T0 = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;

const orderOrHour: AwaitStep = {
  kind: 'await',
  arms: [{ for: { event: watched('Order Completed') }, next: 'thank', as: 'order' }],
  timeoutMs: HOUR,
  timedOut: 'remind',
};

const steps: Record<string, Step> = {
  hello: sendStep({ next: 'rest' }),
  rest: waitFor(HOUR, 'order'),
  order: orderOrHour,
  thank: sendStep(),
  remind: sendStep({ next: 'rich' }),
  rich: { kind: 'branch', arms: [{ where: { jsonata: 'rich' }, next: 'stop' }], next: 'thank' },
  stop: { kind: 'end', reason: 'rich' },
};

describe('advance', () => {
  const told = (player: Player): string[] =>
    player.trace.map(({ what, step, next }) => `${what} ${step}${next === undefined ? '' : ` > ${next}`}`);

  it('walks until it waits, at the moments of what moves it', () => {
    const player = new Player(journeyOf(steps)).enter(T0);
    expect(player.commands).toMatchObject([
      { kind: 'deliver', step: 'hello', visit: 1, at: T0, watched: false },
    ]);
    expect(player.instance).toMatchObject({ state: 'active', visits: 2, sent: { hello: 1 } });
    expect(player.instance.tokens).toEqual([
      { step: 'rest', visit: 2, frames: [], wait: { kind: 'time', due: T0 + HOUR } },
    ]);
    player.until(T0 + HOUR);
    expect(player.waiting).toEqual(['order']);
    player.take(
      { kind: 'event', event: eventOf('Order Completed', T0 + HOUR + 5, { id: 3 }) },
      T0 + HOUR + 5,
    );
    expect(player.instance).toMatchObject({
      state: 'ended',
      endReason: 'completed',
      endedAt: T0 + HOUR + 5,
      context: { order: { id: 3 } },
      tokens: [],
    });
    expect(told(player)).toEqual([
      'entered ',
      'passed hello > rest',
      'entered rest',
      'left rest > order',
      'entered order',
      'left order > thank',
      'passed thank',
      'ended ',
    ]);
  });

  it('goes on after a timeout, and asks which way', () => {
    const rich = { visit: 5, values: { 0: true } };
    const player = new Player(journeyOf(steps), () => rich).enter(T0).until(T0 + 2 * HOUR);
    expect(player.questions).toEqual([
      { visit: 5, ask: { kind: 'expressions', expressions: { 0: 'rich' } } },
    ]);
    expect(player.commands.map(({ visit, at }) => [visit, at])).toEqual([
      [1, T0],
      [4, T0 + 2 * HOUR],
    ]);
    expect(player.instance).toMatchObject({ endReason: 'rich', endedAt: T0 + 2 * HOUR });
  });

  it('is never early, and lets what is stale do nothing', () => {
    const player = new Player(journeyOf(steps)).enter(T0);
    const before = player.instance;
    player.take({ kind: 'due' }, T0 + HOUR - 1);
    player.take({ kind: 'event', event: eventOf('Order Completed', T0 + 1) }, T0 + 1);
    player.take({ kind: 'outcome', visit: 1, outcome: { status: 'rejected', code: 'no' } }, T0 + 1);
    player.take({ kind: 'answers', answers: [{ visit: 2, holds: true, pointer: '/where' }] }, T0 + 1);
    expect(player.instance).toBe(before);
  });

  it('names effects by the instance and the visit', () => {
    expect(visitKey(ENTERING, 3)).toBe(`journey:${ENTERING.id}:3`);
  });
});
