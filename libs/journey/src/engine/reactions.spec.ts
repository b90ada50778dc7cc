import type { AwaitStep, Step } from '../definition/definition';
import type { JourneyEvent } from './instance';
import { eventOf, sendStep, waitFor } from './testing/journeys';
import { ENTERING, type Player } from './testing/player';
import { arm, clicked, clickedEnds as ends, HOUR, play, T0, tell, told } from './testing/stories';
import { visitKey } from './visit-key';

describe('an await of a reaction that came before', () => {
  const later = (more: Partial<AwaitStep> = {}): Record<string, Step> => ({
    send: sendStep({ next: 'rest' }),
    rest: waitFor(HOUR, 'clicked'),
    clicked: { ...clicked, ...more },
    ...ends,
  });
  const click = (player: Player, at: number, properties = {}): Player =>
    tell(player, 'Email Link Clicked', at, { effect_key: visitKey(player.instance, 1), ...properties });

  it('goes on at once, with what it keeps of it, and tells which it was', () => {
    const arms = [
      arm('Login', 'login'),
      { for: { reaction: { to: 'send', is: 'clicked' as const } }, next: 'yes', as: 'click' },
    ];
    const player = click(play(later({ arms })), T0 + 1, { link: '/a' });
    click(player, T0 + 2, { link: '/b' }).until(T0 + HOUR);
    expect(player.instance).toMatchObject({
      ...{ endReason: 'yes', endedAt: T0 + HOUR },
      context: { click: { link: '/a' } },
      reacted: [],
    });
    expect(player.trace).toContainEqual({
      ...{ at: T0 + HOUR, visit: 3, step: 'clicked', what: 'passed', next: 'yes' },
      detail: { arm: 1, event: 'Email Link Clicked', messageId: `Email Link Clicked@${T0 + 1}` },
    });
  });

  it('takes what came first, and each once', () => {
    const opened = { for: { reaction: { to: 'send', is: 'opened' as const } }, next: 'again' };
    const steps: Record<string, Step> = {
      ...later({ arms: [...clicked.arms, opened] }),
      again: { ...clicked, arms: [opened, ...clicked.arms], next: 'no' },
      yes: { ...clicked, next: 'no' },
    };
    const player = tell(play(steps), 'Email Opened', T0 + 1, { effect_key: visitKey(ENTERING, 1) });
    click(player, T0 + 2).until(T0 + HOUR);
    expect(told(player).slice(-3)).toEqual(['passed clicked', 'passed again', 'entered yes']);
    // Whoever it moves has taken it, too.
    expect(told(click(player, T0 + 2 * HOUR - 1)).slice(-2)).toEqual(['left yes', 'entered yes']);
  });

  it('forgets what was done to a message once the step sends another', () => {
    const player = play({
      loop: { kind: 'loop', body: 'send', times: 2, next: 'clicked' },
      send: sendStep({ next: 'rest' }),
      rest: waitFor(HOUR),
      clicked,
      ...ends,
    });
    tell(player, 'Email Link Clicked', T0 + 1, { effect_key: visitKey(ENTERING, 2) });
    expect(player.instance.reacted).toHaveLength(1);
    expect(player.until(T0 + HOUR).instance.reacted).toEqual([]);
    expect(player.until(T0 + 2 * HOUR).waiting).toEqual(['clicked']);
  });

  it('was nothing to who awaits it while the journey is paused, nor late, nor where nobody awaits it', () => {
    const event = (name: string, at: number): JourneyEvent =>
      eventOf(name, at, { effect_key: visitKey(ENTERING, 1) });
    const clickedAt = (at: number): JourneyEvent => event('Email Link Clicked', at);
    const waits = play(later());
    waits.take({ kind: 'event', event: { ...clickedAt(T0 + 1), occurredAt: T0 - 30 * 24 * HOUR } }, T0 + 1);
    waits.take({ kind: 'event', event: event('Email Opened', T0 + 2) }, T0 + 2);
    expect(waits.instance.reacted).toEqual([]);
    waits.take({ kind: 'event', event: clickedAt(T0 + 3), held: true }, T0 + 3);
    expect(waits.instance.reacted).toMatchObject([{ to: 'send', is: 'clicked' }]);
    expect(waits.until(T0 + HOUR).instance.endReason).toBe('yes');

    const stays = play({ send: sendStep({ next: 'clicked' }), clicked, ...ends });
    stays.take({ kind: 'event', event: clickedAt(T0 + 1), held: true }, T0 + 1);
    expect(stays.instance.reacted).toEqual([]);
    expect(stays.waiting).toEqual(['clicked']);
  });
});
