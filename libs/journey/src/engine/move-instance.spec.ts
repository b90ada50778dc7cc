import type { Step } from '../definition/definition';
import type { Instance } from './instance';
import { moveInstance, placeOf, type StepMap } from './move-instance';
import type { Advanced } from './protocol';
import { eventOf, goalOf, journeyOf, sendStep, waitFor, watched } from './testing/journeys';
import { freeze, Player } from './testing/player';
import { visitKey } from './visit-key';
import { advance } from './advance';

const T0 = Date.UTC(2026, 10, 25, 12);
const HOUR = 3_600_000;
const AT = T0 + 60_000;

const old: Record<string, Step> = {
  hello: sendStep({ next: 'loop' }),
  loop: { kind: 'loop', body: 'fork', times: 3, next: 'bye' },
  fork: { kind: 'parallel', branches: ['rest', 'order'], join: 'all' },
  rest: waitFor(HOUR),
  order: { kind: 'await', arms: [{ for: { event: watched('Order Completed') } }], timeoutMs: 2 * HOUR },
  bye: sendStep(),
};

describe('an instance that comes to another version', () => {
  const inside = (): Instance => new Player(journeyOf(old)).enter(T0).instance;
  const move = (steps: Record<string, Step>, map: StepMap = {}, instance = inside()): Advanced => {
    const change = freeze({ from: journeyOf(old), to: journeyOf(steps), version: 2, steps: map });
    return moveInstance(change, instance, AT);
  };
  const told = ({ trace }: Advanced): string[] => trace.map(({ what, step }) => `${what} ${step}`.trim());

  it('waits on, until the time that was due, at the step that took the place', () => {
    const { rest: _rest, loop, fork, ...others } = old;
    const steps = {
      ...others,
      again: { ...loop, body: 'both' } as Step,
      both: { ...fork, branches: ['order', 'pause'] } as Step,
      pause: waitFor(5 * HOUR, 'more'),
      more: sendStep(),
      hello: sendStep({ next: 'again' }),
    };
    const moved = move(steps, { loop: 'again', fork: 'both', rest: 'pause' });
    expect(moved.instance).toMatchObject({ version: 2, visits: 5, sent: { hello: 1 } });
    expect(moved.instance.tokens).toEqual([
      {
        step: 'pause',
        visit: 4,
        frames: [
          { kind: 'loop', step: 'again', turn: 1 },
          { kind: 'branch', step: 'both', visit: 3, branch: 1 },
        ],
        wait: { kind: 'time', due: T0 + HOUR },
      },
      expect.objectContaining({ step: 'order', visit: 5, wait: { kind: 'watch', due: T0 + 2 * HOUR } }),
    ]);
    expect(told(moved)).toEqual(['moved', 'moved pause', 'moved order']);
    const later = advance(journeyOf(steps), moved.instance, { kind: 'due' }, T0 + HOUR);
    expect(later.commands).toMatchObject([{ kind: 'deliver', step: 'more', visit: 6 }]);
  });

  it('begins the step in its place now when that waits for something else', () => {
    const moved = move({ ...old, rest: sendStep({ next: 'nap' }), nap: waitFor(1_000) });
    expect(moved.commands).toMatchObject([{ step: 'rest', visit: 6 }]);
    expect(told(moved)).toEqual(['moved', 'stopped rest', 'moved order', 'passed rest', 'entered nap']);
    expect(moved.instance.tokens.map(({ step, wait }) => [step, wait])).toContainEqual([
      'nap',
      { kind: 'time', due: AT + 1_000 },
    ]);
    const endless: Step = { ...old.order, timeoutMs: undefined } as Step;
    expect(told(move({ ...old, order: endless })).slice(-1)).toEqual(['entered order']);
  });

  it('begins anew when somebody waits where nothing took the place', () => {
    const moved = move(old, { rest: null });
    expect(moved.commands).toMatchObject([{ step: 'hello', visit: 6 }]);
    expect(told(moved).slice(0, 5)).toEqual([
      'moved',
      'stopped fork',
      'stopped rest',
      'stopped order',
      'passed hello',
    ]);
    expect(moved.instance.tokens).toHaveLength(2);
  });

  it('knows the places that stand in the same loops and branches', () => {
    const place = (step: string, to: Record<string, Step>, steps: StepMap = {}): string | undefined =>
      placeOf({ from: journeyOf(old), to: journeyOf(to), version: 2, steps }, step);
    expect(place('rest', old)).toBe('rest');
    expect(place('rest', old, { rest: 'order' })).toBe('order');
    expect(place('rest', old, { rest: 'bye' })).toBeUndefined();
    expect(place('bye', old, { bye: 'rest' })).toBeUndefined();
    expect(place('rest', old, { rest: 'nowhere' })).toBeUndefined();
    const { loop, ...others } = old;
    const other = { ...others, weeks: loop!, hello: sendStep({ next: 'weeks' }) };
    expect(place('rest', other)).toBeUndefined();
    expect(place('rest', other, { loop: 'weeks' })).toBe('rest');
    const flat: Record<string, Step> = { hello: sendStep({ next: 'rest' }), rest: waitFor(HOUR) };
    expect(place('rest', flat)).toBeUndefined();
  });

  it('never sends what it has sent, and still hears of it', () => {
    const from = journeyOf({
      ask: sendStep({ failed: 'x', next: 'wait' }),
      x: sendStep(),
      wait: waitFor(HOUR),
    });
    const to = journeyOf({
      mail: sendStep({ next: 'wait' }),
      wait: { kind: 'await', arms: [{ for: { reaction: { to: 'mail', is: 'opened' } } }] },
    });
    const { instance } = new Player(from).enter(T0);
    const moved = moveInstance({ from, to, version: 2, steps: { ask: 'mail' } }, instance, AT);
    expect(moved.commands).toEqual([]);
    const accepted = { kind: 'outcome', visit: 1, outcome: { status: 'accepted' } } as const;
    const sent = advance(to, moved.instance, accepted, AT);
    expect(sent.instance.tokens).toMatchObject([{ step: 'wait' }]);
    const opened = eventOf('Email Opened', AT, { effect_key: visitKey(instance, 1) });
    expect(advance(to, sent.instance, { kind: 'event', event: opened }, AT).instance.state).toBe('ended');
  });

  it('keeps in mind what was done to messages, by the steps that took the place of theirs', () => {
    const reaction = { is: 'clicked' as const, event: 'Email Link Clicked', messageId: 'm1' };
    const instance = { ...inside(), reacted: [{ to: 'hello', ...reaction }] };
    const { hello, ...others } = old;
    const renamed = { mail: hello!, ...others };
    expect(move(renamed, { hello: 'mail' }, instance).instance.reacted).toEqual([
      { to: 'mail', ...reaction },
    ]);
    expect(move(renamed, { hello: null }, instance).instance.reacted).toEqual([]);
  });

  it('is left alone when it has ended, and followed on when it is held out', () => {
    const ended = { ...inside(), state: 'ended' as const, tokens: [], endReason: 'goal', endedAt: T0 };
    expect(move(old, {}, ended).instance).toBe(ended);
    const goal = goalOf('Order Completed');
    const held = new Player(journeyOf(old, { goal })).enter(T0, { holdout: true }).instance;
    const change = { from: journeyOf(old, { goal }), to: journeyOf(old, { goal }), version: 2, steps: {} };
    expect(moveInstance(change, held, AT).instance).toMatchObject({
      version: 2,
      state: 'active',
      tokens: [],
    });
    expect(move(old, {}, held).instance).toMatchObject({ version: 2, endReason: 'completed' });
  });
});
