import { throughputOf } from './throughput';

describe('throughput', () => {
  const every = (ms: number, from: number, to: number): number[] =>
    Array.from({ length: (to - from) / ms }, (_, index) => from + index * ms);

  it('is the least in any window, and the mean', () => {
    // Ten a second, but for half a minute in the middle.
    const moments = [...every(100, 0, 60_000), ...every(100, 90_000, 150_000)];
    expect(throughputOf(moments, 0, 150_000)).toEqual({ leastPerSecond: 0, meanPerSecond: 8 });
    expect(throughputOf(every(100, 0, 150_000), 0, 150_000)).toEqual({
      leastPerSecond: 10,
      meanPerSecond: 10,
    });
  });

  it('takes a time shorter than a window for one, and leaves out what was before and after', () => {
    expect(throughputOf(every(500, -10_000, 30_000), 0, 10_000)).toEqual({
      leastPerSecond: 2,
      meanPerSecond: 2,
    });
  });
});
