import { samplePart } from '@percorso/segmentation';
import type { CallStep, EventWatch, Step } from '../definition/definition';
import type { Answer, VisitOutcome } from './protocol';
import { CONNECTOR, eventOf, journeyOf, sendStep } from './testing/journeys';
import { Player } from './testing/player';
import { visitKey } from './visit-key';
import { arm, clicked, clickedEnds as ends, end, HOUR, play, T0, tell, told } from './testing/stories';

describe('a send', () => {
  const steps = {
    send: sendStep({ failed: 'other', next: 'done' }),
    other: end('failed'),
    done: end('sent'),
  };

  it.each([
    ['accepted', 'sent'],
    ['rejected', 'failed'],
    ['suppressed', 'failed'],
    ['dropped', 'failed'],
    ['unknown', 'failed'],
  ] as const)('with a way for failures waits for the verdict: %s', (status, reason) => {
    const player = play(steps);
    expect(player.waiting).toEqual(['send']);
    expect(player.commands).toMatchObject([{ watched: true, call: false, connectorId: CONNECTOR }]);
    player.take({ kind: 'outcome', visit: 1, outcome: { status, code: 'c' } }, T0 + 5);
    expect(player.instance).toMatchObject({ endReason: reason, endedAt: T0 + 5 });
  });
});

describe('a call', () => {
  const call: CallStep = {
    kind: 'call',
    connectorId: CONNECTOR,
    content: { jsonata: '{}' },
    into: { points: 'response.points', constructor: 'response.none' },
    timeoutMs: HOUR,
    next: 'done',
    failed: 'broken',
  };
  const steps = { call, done: end('answered'), broken: end('broken'), late: end('late') };

  it('keeps of the response what it names', () => {
    const player = play(steps, { visit: 0, values: { points: 7 } });
    expect(player.commands).toMatchObject([{ kind: 'deliver', call: true, watched: true }]);
    player.take(
      { kind: 'outcome', visit: 1, outcome: { status: 'accepted', response: { points: 7 } } },
      T0 + 5,
    );
    expect(player.questions).toEqual([
      { visit: 1, ask: { kind: 'expressions', expressions: call.into, response: { points: 7 } } },
    ]);
    expect(player.instance).toMatchObject({ endReason: 'answered', context: { points: 7 } });
    expect(Object.keys(player.instance.context)).toEqual(['points']);
  });

  it('has failed where the response that it needs was lost, and goes on where it needs none', () => {
    const lost: VisitOutcome = { status: 'accepted', problem: 'response-too-large' };
    const answered = (into: Record<string, string>): Player =>
      play({ ...steps, call: { ...call, into } }).take({ kind: 'outcome', visit: 1, outcome: lost }, T0 + 1);
    const failed = answered({ score: 'response.score' });
    expect(failed.instance.endReason).toBe('broken');
    expect(failed.trace.find(({ what }) => what === 'left')?.detail).toEqual({
      status: 'accepted',
      code: 'response-too-large',
    });
    expect(answered({}).instance.endReason).toBe('answered');
  });

  it('goes where it failed, also when time ran out and no other way is written', () => {
    const failed = play(steps).take(
      { kind: 'outcome', visit: 1, outcome: { status: 'rejected', code: '422' } },
      T0,
    );
    expect(failed.instance.endReason).toBe('broken');
    expect(play(steps).until(T0 + HOUR).instance).toMatchObject({ endReason: 'broken', endedAt: T0 + HOUR });
    const late = play({ ...steps, call: { ...call, timedOut: 'late' } }).until(T0 + HOUR);
    expect(late.instance.endReason).toBe('late');
    // The response that comes after all changes nothing.
    const { instance } = late;
    late.take({ kind: 'outcome', visit: 1, outcome: { status: 'accepted' } }, T0 + HOUR + 1);
    expect(late.instance).toBe(instance);
  });
});

describe('a wait', () => {
  const due = (
    step: Extract<Step, { kind: 'wait' }>['until'],
    answer: Answer = { visit: 0 },
    speed = 1,
  ): number | null =>
    new Player(journeyOf({ wait: { kind: 'wait', until: step } }), ({ visit }) => ({
      ...answer,
      visit,
    })).enter(T0, {
      speed,
    }).due;

  it('is this long, until this instant, or until a date that is told', () => {
    expect(due({ for: 90_000 })).toBe(T0 + 90_000);
    expect(due({ at: T0 + 1 })).toBe(T0 + 1);
    expect(due({ jsonata: 'x' }, { visit: 0, values: { until: '2026-12-24T18:00:00+01:00' } })).toBe(
      Date.UTC(2026, 11, 24, 17),
    );
    expect(due({ jsonata: 'x' }, { visit: 0, values: { until: T0 + 5.2 } })).toBe(T0 + 6);
  });

  it('is none when the instant is past, missing or no date', () => {
    expect(due({ at: T0 })).toBeNull();
    for (const until of ['2020-01-01', 'soon', null, true, undefined, 1e300])
      expect(due({ jsonata: 'x' }, { visit: 0, values: { until } })).toBeNull();
    const failing = play(
      { wait: { kind: 'wait', until: { jsonata: 'x' } } },
      { visit: 0, errors: { until: 'T2001' } },
    );
    expect(told(failing)).toEqual(['entered', 'error wait', 'passed wait', 'ended']);
  });

  it('goes by the clock of the zone that is named, told, or the workspace’s', () => {
    const nine = { time: { hour: 9, minute: 0 }, weekdays: [1, 2, 3, 4, 5, 6, 7] };
    expect(due({ ...nine, zone: { name: 'Asia/Tokyo' } })).toBe(Date.UTC(2026, 10, 26, 0));
    expect(due({ ...nine, zone: { trait: 'tz' } }, { visit: 0, zone: 'Europe/Rome' })).toBe(
      Date.UTC(2026, 10, 26, 8),
    );
    expect(due(nine, { visit: 0, zone: 'America/New_York' })).toBe(Date.UTC(2026, 10, 25, 14));
    expect(due(nine, { visit: 0 })).toBe(Date.UTC(2026, 10, 26, 9));
    const asked = play({ wait: { kind: 'wait', until: { ...nine, zone: { trait: 'tz' } } } }).questions;
    expect(asked).toEqual([{ visit: 1, ask: { kind: 'zone', trait: 'tz' } }]);
  });

  it('is shorter for a marked profile, but never none', () => {
    expect(due({ for: HOUR }, { visit: 0 }, 3_600)).toBe(T0 + 1_000);
    expect(due({ at: T0 + 10 }, { visit: 0 }, 3_600)).toBe(T0 + 1);
  });
});

describe('an await', () => {
  it('knows reactions by the effect of the visit that sent last', () => {
    const steps = { send: sendStep({ next: 'clicked' }), clicked, ...ends };
    const player = play(steps);
    const key = visitKey(player.instance, 1);
    tell(player, 'Email Opened', T0 + 1, { effect_key: key });
    tell(player, 'Email Link Clicked', T0 + 2, { effect_key: visitKey(player.instance, 9) });
    expect(player.waiting).toEqual(['clicked']);
    tell(player, 'SMS Link Clicked', T0 + 3, { effect_key: key });
    expect(player.instance.endReason).toBe('yes');
    expect(play(steps).until(T0 + HOUR).instance.endReason).toBe('no');
  });

  it('takes the first arm that is met, and one event once', () => {
    const twice = { first: { ...arm('Login', 'second') }, again: { ...arm('Login', 'yes') } };
    const steps: Record<string, Step> = {
      wait: { kind: 'await', arms: [twice.first, twice.again] },
      second: { kind: 'await', arms: [twice.again] },
      ...ends,
    };
    const player = tell(play(steps), 'Login', T0 + 1);
    expect(player.waiting).toEqual(['second']);
    expect(tell(player, 'Login', T0 + 2).instance.endReason).toBe('yes');
  });

  it('hears of audiences', () => {
    const steps: Record<string, Step> = {
      wait: { kind: 'await', arms: [{ for: { audience: { id: 'gold', on: 'exit' } }, next: 'yes' }] },
      yes: end('yes'),
    };
    const player = play(steps).take({ kind: 'membership', audienceId: 'gold', op: 'enter' }, T0 + 1);
    expect(player.waiting).toEqual(['wait']);
    player.take({ kind: 'membership', audienceId: 'gold', op: 'exit' }, T0 + 2);
    expect(player.instance.endReason).toBe('yes');
  });

  it('looks at the key and the filter, and at no event that is late', () => {
    const event: EventWatch = {
      name: 'Order Shipped',
      where: [{ path: 'total', op: 'gte', value: { type: 'number', value: '20' } }],
      key: 'order.id',
    };
    const journey = journeyOf(
      { wait: { kind: 'await', arms: [{ for: { event } }] } },
      { key: 'order_id', lateMs: HOUR },
    );
    const shipped = (id: unknown, total: number, late = 0): Player => {
      const occurred = eventOf('Order Shipped', T0, { order: { id }, order_id: 7, total });
      const told = { ...occurred, occurredAt: T0 - late };
      return new Player(journey).enter(T0, { key: '42' }).take({ kind: 'event', event: told }, T0);
    };
    expect(shipped(42, 20).instance.state).toBe('ended');
    expect(shipped('42', 20).instance.state).toBe('ended');
    expect(shipped(7, 20).instance.state).toBe('active');
    expect(shipped(undefined, 20).instance.state).toBe('active');
    expect(shipped(42, 19).instance.state).toBe('active');
    expect(shipped(42, 20, HOUR - 1).instance.state).toBe('ended');
    expect(shipped(42, 20, HOUR).instance.state).toBe('active');
  });
});

describe('a branch', () => {
  const steps: Record<string, Step> = {
    'a/b': {
      kind: 'branch',
      arms: [
        { where: { kind: 'consent', channel: 'email', is: 'granted' }, next: 'mail' },
        { where: { jsonata: 'context.x' }, next: 'text' },
      ],
      next: 'none',
    },
    mail: end('mail'),
    text: end('text'),
    none: end('none'),
  };
  const taken = (holds: boolean, value: unknown): Player =>
    play(steps, ({ visit, ask }) =>
      ask.kind === 'condition' ? { visit, pointer: ask.pointer, holds } : { visit, values: { 1: value } },
    );

  it('asks for all arms at once and takes the first that holds', () => {
    expect(taken(false, true).questions).toEqual([
      { visit: 1, ask: { kind: 'condition', pointer: '/steps/a~1b/arms/0/where' } },
      { visit: 1, ask: { kind: 'expressions', expressions: { 1: 'context.x' } } },
    ]);
    expect(taken(true, true).instance.endReason).toBe('mail');
    expect(taken(false, true).instance.endReason).toBe('text');
    // Only true is true.
    expect(taken(false, 'true').instance.endReason).toBe('none');
  });

  it('tells which way it took, and why', () => {
    expect(taken(false, true).trace[1]).toEqual({
      at: T0,
      visit: 1,
      step: 'a/b',
      what: 'passed',
      next: 'text',
      detail: { arm: 1, holds: [false, true] },
    });
  });
});

describe('a split', () => {
  it('gives a profile the arm of its sample, whenever it comes', () => {
    const steps: Record<string, Step> = {
      split: {
        kind: 'split',
        salt: 'spring',
        arms: [
          { name: 'a', share: 2_500, next: 'a' },
          { name: 'b', share: 5_000, next: 'b' },
        ],
        next: 'rest',
      },
      a: end('a'),
      b: end('b'),
      rest: end('rest'),
    };
    const armOf = (person: number): string | null =>
      new Player(journeyOf(steps)).enter(T0, { person }).instance.endReason;
    for (let person = 0; person < 300; person++) {
      const part = samplePart('spring', person);
      expect(armOf(person)).toBe(part < 2_500 ? 'a' : part < 7_500 ? 'b' : 'rest');
    }
  });

  it('is as large as it says, to the part', () => {
    const part = samplePart('spring', 7);
    const armWith = (share: number): string | null =>
      play({
        split: { kind: 'split', salt: 'spring', arms: [{ name: 'a', share, next: 'a' }], next: 'rest' },
        a: end('a'),
        rest: end('rest'),
      }).instance.endReason;
    expect([armWith(part), armWith(part + 1)]).toEqual(['rest', 'a']);
  });
});

describe('an update and a jump', () => {
  it('write what they were told, and leave what gave nothing', () => {
    const player = play(
      {
        update: {
          kind: 'update',
          traits: { tier: 'a', seen: 'b' },
          context: { tier: 'c' },
          consent: [{ channel: 'sms', is: 'denied' }],
          lists: [{ audienceId: 'gold', op: 'add' }],
          next: 'jump',
        },
        jump: { kind: 'jump', journeyId: 'other', context: { from: 'd' } },
      },
      ({ visit }) => ({
        visit,
        ...(visit === 1
          ? { values: { 'traits.tier': null, 'context.tier': 'gold' }, errors: { 'traits.seen': 'D3001' } }
          : { values: { from: 'here' } }),
      }),
    );
    expect(player.questions.map(({ ask }) => ask)).toEqual([
      { kind: 'expressions', expressions: { 'traits.tier': 'a', 'traits.seen': 'b', 'context.tier': 'c' } },
      { kind: 'expressions', expressions: { from: 'd' } },
    ]);
    expect(player.commands).toEqual([
      { at: T0, kind: 'traits', visit: 1, traits: { tier: null } },
      { at: T0, kind: 'consent', visit: 1, channel: 'sms', is: 'denied' },
      { at: T0, kind: 'list', visit: 1, audienceId: 'gold', op: 'add' },
      { at: T0, kind: 'jump', visit: 2, journeyId: 'other', context: { from: 'here' }, hops: 1 },
    ]);
    expect(player.instance).toMatchObject({ endReason: 'jump', context: { tier: 'gold' } });
    expect(player.trace.find(({ what }) => what === 'error')?.detail).toEqual({ 'traits.seen': 'D3001' });
  });

  it('that follows ten others in no time ends instead of going round', () => {
    const jumped = (hops: number, at: number): Player => {
      const steps = journeyOf({
        wait: { kind: 'wait', until: { at } },
        jump: { kind: 'jump', journeyId: 'other', context: {} },
      });
      const { wait } = steps.steps;
      const journey = { ...steps, steps: { ...steps.steps, wait: { ...wait!, next: 'jump' } as Step } };
      return new Player(journey).enter(T0, { entry: { kind: 'jump', hops } }).until(at);
    };
    expect(jumped(9, T0).commands).toMatchObject([{ kind: 'jump', hops: 10 }]);
    expect(jumped(10, T0).instance).toMatchObject({ endReason: 'jump-loop' });
    expect(jumped(10, T0).commands).toEqual([]);
    expect(jumped(10, T0 + 1).commands).toMatchObject([{ kind: 'jump', hops: 1 }]);
  });
});
