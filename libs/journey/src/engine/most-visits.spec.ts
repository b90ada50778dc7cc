import type { Step } from '../definition/definition';
import { mostVisits } from './most-visits';
import { journeyOf, sendStep, waitFor, watched } from './testing/journeys';

const most = (steps: Record<string, Step>): number => mostVisits(journeyOf(steps));
const login: Step = { kind: 'await', arms: [{ for: { event: watched('Login') }, next: 'c' }], next: 'b' };

/** That no random story has more is in random-journeys.spec.ts. */
describe('how many steps one moment may take', () => {
  it('is the longest way between waits', () => {
    expect(most({ a: sendStep({ next: 'b' }), b: sendStep() })).toBe(2);
    expect(most({ a: sendStep({ next: 'w' }), w: waitFor(1, 'b'), b: sendStep() })).toBe(2);
    const after = { b: sendStep(), c: sendStep({ next: 'd' }), d: sendStep({ next: 'e' }), e: sendStep() };
    expect(most({ a: login, ...after })).toBe(3);
    expect(most({ a: { kind: 'wait', until: { at: 0 }, next: 'c' }, ...after })).toBe(4);
  });

  it('counts turns that need not wait', () => {
    const loop: Step = { kind: 'loop', body: 'send', times: 100, next: 'end' };
    const end: Step = { kind: 'end' };
    expect(most({ loop, send: sendStep(), end })).toBe(202);
    expect(most({ loop, send: sendStep({ next: 'wait' }), wait: waitFor(1), end })).toBeLessThanOrEqual(6);
    const inner: Step = { kind: 'loop', body: 'x', times: 100 };
    expect(most({ loop, send: inner, x: sendStep(), end })).toBe(20_202);
  });

  it('counts a reaction that came before, which wakes who comes to await it', () => {
    const reaction = (is: 'opened' | 'clicked'): Step => ({
      kind: 'await',
      arms: [{ for: { reaction: { to: 'a', is } }, next: 'end' }],
      next: is === 'opened' ? 'clicked' : 'end',
    });
    const steps = { a: sendStep({ next: 'opened' }), end: { kind: 'end' } as Step };
    expect(most({ ...steps, opened: reaction('opened'), clicked: reaction('clicked') })).toBe(2 * 3);
  });

  it('adds up branches that one event may wake', () => {
    const fork: Step = { kind: 'parallel', branches: ['a', 'd'], join: 'all', next: 'f' };
    const steps = { a: login, b: sendStep(), c: sendStep(), d: { ...login, next: 'e' }, e: sendStep() };
    expect(most({ fork, ...steps, f: sendStep({ next: 'g' }), g: sendStep() })).toBe(4);
  });
});
