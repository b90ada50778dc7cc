import { AHEAD_MS, paceOf } from './replay-pace';

const NOW = new Date('2026-01-01T00:00:00Z');
const at = (ms: number): Date => new Date(NOW.getTime() + ms);

it('opens what becomes due within the next moments, evenly spaced', () => {
  const pace = paceOf({ rowsPerSecond: 4, nextAt: NOW }, NOW);
  expect(pace.rows).toBe((AHEAD_MS / 1000) * 4 + 1);
  expect([pace.dueAt(0), pace.dueAt(1), pace.dueAt(4)]).toEqual([at(0), at(250), at(1000)]);
});

it('never lets more through than asked for, however often it is asked', () => {
  let nextAt = NOW;
  const due: number[] = [];
  for (let ms = 0; ms < 30_000; ms += 130) {
    const pace = paceOf({ rowsPerSecond: 3, nextAt }, at(ms));
    for (let place = 0; place < pace.rows; place++) due.push(pace.dueAt(place).getTime());
    nextAt = pace.dueAt(pace.rows);
  }
  const gaps = due.slice(1).map((one, index) => one - due[index]!);
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(333);
  expect(due.length).toBeGreaterThanOrEqual(95);
});

it('makes up for no time that was slept through, and waits for a row far ahead', () => {
  expect(paceOf({ rowsPerSecond: 2, nextAt: NOW }, at(60_000)).rows).toBe(5);
  expect(paceOf({ rowsPerSecond: 0.01, nextAt: at(100_000) }, NOW).rows).toBe(0);
  expect(paceOf({ rowsPerSecond: 0.01, nextAt: at(100_000) }, at(98_000)).rows).toBe(1);
  expect(paceOf({ rowsPerSecond: null, nextAt: NOW }, at(5)).rows).toBe(Infinity);
});
