import { progressOf } from './run-progress';
import { countsFrom } from './run.store';

const AT = new Date('2026-01-01T00:00:00Z');
const after = (seconds: number): Date => new Date(AT.getTime() + seconds * 1000);
const run = {
  state: 'planning',
  reopened: false,
  trigger: 'demand',
  expected: 1000,
  looked: 0,
  createdAt: AT,
} as const;
const NONE = countsFrom(null);

it('is the share looked at, of it the share settled, and never goes back when planning ends', () => {
  const half = { ...NONE, planned: 500, pending: 200, sending: 50, accepted: 250 };
  expect(progressOf({ ...run, looked: 500 }, half, after(10)).progress).toBe(0.25);
  const all = { ...NONE, planned: 1000, pending: 250, accepted: 750 };
  expect(progressOf({ ...run, looked: 1000 }, all, after(20)).progress).toBe(0.75);
  expect(progressOf({ ...run, state: 'delivering', looked: 1000 }, all, after(20)).progress).toBe(0.75);
});

it('ends by the pace so far', () => {
  const half = { ...NONE, planned: 1000, pending: 500, accepted: 500 };
  const { estimatedEndAt } = progressOf({ ...run, state: 'delivering', looked: 1000 }, half, after(60));
  expect(estimatedEndAt).toEqual(after(120));
});

it('tells no end too early, after the end, or of a run that takes what comes', () => {
  const some = { ...NONE, planned: 1000, pending: 999, accepted: 1 };
  const delivering = { ...run, state: 'delivering', looked: 1000 } as const;
  expect(progressOf(run, NONE, after(1))).toEqual({ progress: 0, estimatedEndAt: null });
  expect(progressOf({ ...run, expected: null }, NONE, after(1)).progress).toBe(0);
  expect(progressOf(delivering, some, after(1)).estimatedEndAt).toBeNull();
  const done = { ...NONE, planned: 2, accepted: 2 };
  expect(progressOf({ ...delivering, state: 'done' }, done, after(1))).toEqual({
    progress: 1,
    estimatedEndAt: null,
  });
  const half = { ...NONE, planned: 2, accepted: 1, pending: 1 };
  expect(progressOf({ ...delivering, trigger: 'delta' }, half, after(1)).estimatedEndAt).toBeNull();
  expect(progressOf({ ...delivering, reopened: true }, half, after(3600)).estimatedEndAt).toBeNull();
});

it('is whole where there was nothing to look at, or nothing new', () => {
  expect(progressOf({ ...run, expected: 0 }, NONE, after(1)).progress).toBe(1);
  expect(progressOf({ ...run, state: 'done', looked: 1000 }, NONE, after(1)).progress).toBe(1);
});
