import type { JourneyDefinition, Step } from '../definition/definition';
import { goalOf, journeyOf, sendStep, waitFor, watched } from './testing/journeys';
import { Player } from './testing/player';
import { STEP_BUDGET } from './most-visits';
import { end, HOUR, play, T0, tell, told } from './testing/stories';

describe('parallel branches', () => {
  const steps = (join: 'all' | 'any'): Record<string, Step> => ({
    fork: { kind: 'parallel', branches: ['short', 'long', 'order'], join, next: 'after' },
    short: waitFor(HOUR),
    long: waitFor(2 * HOUR),
    order: { kind: 'await', arms: [{ for: { event: watched('Order Completed') } }], next: 'thank' },
    thank: sendStep(),
    after: end('joined'),
  });

  it('join when all have ended', () => {
    const player = play(steps('all'));
    expect(player.waiting).toEqual(['short', 'long', 'order']);
    expect(tell(player.until(T0 + 3 * HOUR), 'Order Completed', T0 + 3 * HOUR).instance).toMatchObject({
      endReason: 'joined',
      endedAt: T0 + 3 * HOUR,
    });
  });

  it('or when the first has, and the others stop', () => {
    const player = play(steps('any')).until(T0 + HOUR);
    expect(player.instance).toMatchObject({ endReason: 'joined', endedAt: T0 + HOUR, tokens: [] });
    expect(told(player).slice(-6)).toEqual([
      'left short',
      'stopped long',
      'stopped order',
      'left fork',
      'passed after',
      'ended',
    ]);
  });

  it('all end with the words of one', () => {
    const player = play({ ...steps('all'), long: end('enough') });
    expect(told(player)).toEqual([
      'entered',
      'entered fork',
      'entered short',
      'passed long',
      'stopped fork',
      'stopped short',
      'ended',
    ]);
  });

  it('are walked in the order they were written, whoever has to ask', () => {
    const asks: Step = { kind: 'branch', arms: [{ where: { jsonata: 'x' } }], next: 'mail' };
    const player = play(
      {
        fork: { kind: 'parallel', branches: ['asks', 'text'], join: 'any' },
        asks,
        mail: sendStep(),
        text: sendStep(),
      },
      { visit: 0, values: { 0: false } },
    );
    expect(player.commands.map((command) => 'step' in command && command.step)).toEqual(['mail']);
  });
});

describe('a loop', () => {
  const daily = (more: object = {}): Record<string, Step> => ({
    loop: { kind: 'loop', body: 'nine', times: 3, next: 'after', ...more },
    nine: {
      kind: 'wait',
      until: { time: { hour: 9, minute: 0 }, weekdays: [1, 2, 3, 4, 5, 6, 7], zone: { name: 'UTC' } },
      next: 'send',
    },
    send: sendStep(),
    after: end('done'),
  });

  it('walks its body so many times', () => {
    const player = play(daily()).until(T0 + 10 * 24 * HOUR);
    const nine = Date.UTC(2026, 10, 26, 9);
    expect(player.commands.map(({ at }) => at)).toEqual([nine, nine + 24 * HOUR, nine + 48 * HOUR]);
    expect(player.instance).toMatchObject({ endReason: 'done', sent: { send: 9 }, visits: 11 });
    expect(player.instance.endedAt).toBe(nine + 48 * HOUR);
  });

  it('while its condition holds, asked before every turn', () => {
    const holds = [true, false];
    const player = play(
      daily({ while: { kind: 'consent', channel: 'sms', is: 'granted' } }),
      ({ visit }) => ({
        visit,
        pointer: '/steps/loop/while',
        holds: holds.shift(),
      }),
    ).until(T0 + 10 * 24 * HOUR);
    expect(player.commands).toHaveLength(1);
    expect(player.instance.endReason).toBe('done');
  });

  it('that never waits ends within the budget of one moment', () => {
    const player = play({ loop: { kind: 'loop', body: 'send', times: 10_000 }, send: sendStep() });
    expect(player.instance).toMatchObject({ endReason: 'too-many-steps', visits: STEP_BUDGET });
  });
});

describe('goal and exits', () => {
  const steps: Record<string, Step> = {
    wait: { kind: 'await', arms: [{ for: { event: watched('Order Completed') }, next: 'more' }] },
    more: waitFor(HOUR),
  };
  const order = { event: watched('Order Completed') };
  const goal = goalOf('Order Completed', { ends: false, withinMs: HOUR });
  const started = (more: Partial<JourneyDefinition>, holdout = false): Player =>
    new Player(journeyOf(steps, more)).enter(T0, { holdout });

  it('count before anybody goes on, the goal first', () => {
    const goal = tell(
      started({ goal: goalOf('Order Completed'), exits: [order] }),
      'Order Completed',
      T0 + 1,
    );
    expect(goal.instance).toMatchObject({ endReason: 'goal', goalAt: T0 + 1, endedAt: T0 + 1, tokens: [] });
    expect(told(goal).slice(-3)).toEqual(['goal', 'stopped wait', 'ended']);
    expect(tell(started({ exits: [order] }), 'Order Completed', T0 + 1).instance.endReason).toBe('exit');
  });

  it('a goal that does not end is told once, and who waits goes on', () => {
    const player = tell(started({ goal }), 'Order Completed', T0 + 1);
    expect(player.waiting).toEqual(['more']);
    tell(player, 'Order Completed', T0 + 2).until(T0 + 2 * HOUR);
    expect(player.instance).toMatchObject({ endReason: 'completed', goalAt: T0 + 1 });
    expect(told(player).filter((line) => line === 'goal')).toHaveLength(1);
  });

  it('are all that one who is held out is followed for', () => {
    expect(started({}, true).instance).toMatchObject({ endReason: 'completed', visits: 0 });
    const player = started({ goal }, true);
    expect(player.instance).toMatchObject({ state: 'active', tokens: [], visits: 0 });
    expect(tell(player, 'Order Completed', T0 + 9).instance).toMatchObject({
      endReason: 'goal',
      goalAt: T0 + 9,
    });
  });
});

describe('the conversion window', () => {
  const goal = goalOf('Order Completed', { withinMs: HOUR });
  const soon = { wait: waitFor(1000) };
  const entered = (more: Partial<JourneyDefinition> = {}, entering = {}): Player =>
    new Player(journeyOf(soon, { goal, ...more })).enter(T0, entering);

  it('is the same for who walks, who has left by any way, and who is held out', () => {
    const left = entered({ exits: [{ event: watched('Unsubscribed') }] });
    const all = [
      entered({ start: 'long', steps: { long: waitFor(2 * HOUR) } }),
      entered().until(T0 + 1000),
      tell(left, 'Unsubscribed', T0 + 1),
      entered({}, { holdout: true }),
    ];
    expect(all.map(({ instance }) => instance.endReason)).toEqual([null, 'completed', 'exit', null]);
    const last = all.map(({ journey, instance }) => {
      const player = new Player(journey);
      player.instance = instance;
      return tell(player, 'Order Completed', T0 + HOUR - 1).instance;
    });
    expect(last.map(({ goalAt }) => goalAt)).toEqual(Array(4).fill(T0 + HOUR - 1));
    expect(last.map(({ endReason }) => endReason)).toEqual(['goal', 'completed', 'exit', 'goal']);
    for (const player of all) tell(player.until(T0 + HOUR), 'Order Completed', T0 + HOUR);
    expect(all.map(({ instance }) => instance.goalAt)).toEqual([null, null, null, null]);
    expect(all.map(({ instance }) => instance.endReason)).toEqual(['goal', 'completed', 'exit', 'completed']);
  });

  it('begins with the entry, in a test so much shorter', () => {
    expect(entered({}, { speed: 60 }).instance.goalUntil).toBe(T0 + HOUR / 60);
    expect(new Player(journeyOf(soon)).enter(T0).instance.goalUntil).toBeNull();
  });

  it('takes the first time, and nothing but the goal', () => {
    const player = entered().until(T0 + 1000);
    tell(tell(player, 'Order Completed', T0 + 2000), 'Order Completed', T0 + 3000);
    expect(player.instance).toMatchObject({ state: 'ended', endedAt: T0 + 1000, goalAt: T0 + 2000 });
    expect(told(player).slice(-2)).toEqual(['ended', 'goal']);
    const { instance } = player;
    player.take({ kind: 'end', reason: 'stopped' }, T0 + 4000).take({ kind: 'due' }, T0 + 5000);
    expect(player.instance).toBe(instance);
  });
});

describe('an instance', () => {
  it('that is ended from outside stops where it is, once', () => {
    const player = play({ wait: waitFor(HOUR) }).take({ kind: 'end', reason: 'stopped' }, T0 + 1);
    expect(player.instance).toMatchObject({ state: 'ended', endReason: 'stopped', tokens: [] });
    const { instance } = player;
    expect(player.take({ kind: 'end', reason: 'erased' }, T0 + 2).instance).toBe(instance);
  });

  it('goes on from what is due in the order it was due, then of the visits', () => {
    const player = play({
      fork: { kind: 'parallel', branches: ['late', 'early', 'early2'], join: 'all' },
      late: waitFor(2 * HOUR, 'c'),
      early: waitFor(HOUR, 'a'),
      early2: waitFor(HOUR, 'b'),
      a: sendStep(),
      b: sendStep(),
      c: sendStep(),
    }).take({ kind: 'due' }, T0 + 3 * HOUR);
    expect(player.commands.map((command) => 'step' in command && command.step)).toEqual(['a', 'b', 'c']);
    expect(player.instance.endedAt).toBe(T0 + 3 * HOUR);
  });

  it('is moved by one event wherever it awaits it, in the order in which it came to', () => {
    const login: Step = { kind: 'await', arms: [{ for: { event: watched('Login') } }] };
    const player = play({
      fork: { kind: 'parallel', branches: ['rest', 'one'], join: 'all' },
      rest: waitFor(HOUR, 'two'),
      one: { ...login, next: 'a' },
      two: { ...login, next: 'b' },
      a: sendStep(),
      b: sendStep(),
    }).until(T0 + HOUR);
    tell(player, 'Login', T0 + 2 * HOUR);
    expect(player.commands.map((command) => 'step' in command && command.step)).toEqual(['a', 'b']);
  });
});
