import { momentOf, orderStimuli, OUTAGE_MS } from './moments';

const NOW = Date.UTC(2026, 10, 25, 12);

describe('the moment at which a step acts', () => {
  it('is that of what moved it, unless it is taken up after an outage', () => {
    expect(momentOf(NOW, NOW)).toBe(NOW);
    expect(momentOf(NOW - 3_000, NOW)).toBe(NOW - 3_000);
    expect(momentOf(NOW - OUTAGE_MS, NOW)).toBe(NOW - OUTAGE_MS);
    expect(momentOf(NOW - OUTAGE_MS - 1, NOW)).toBe(NOW);
    // Of a server whose clock is ahead.
    expect(momentOf(NOW + 40, NOW)).toBe(NOW + 40);
  });
});

describe('the order in which things are taken up', () => {
  const one = (name: string, at: number): { name: string; at: number } => ({ name, at });
  const names = (...streams: { name: string; at: number }[][]): string =>
    orderStimuli(streams)
      .map(({ name, at }) => `${name}@${at}`)
      .join(' ');

  it('is by moment, and at one moment by stream: what was due comes before the event', () => {
    const due = [one('due', 9), one('due', 10), one('due', 11)];
    const events = [one('first', 10), one('second', 10)];
    expect(names(due, events, [one('gold', 10)])).toBe('due@9 due@10 first@10 second@10 gold@10 due@11');
  });

  it('keeps the order of a log where clocks ran backwards', () => {
    expect(names([one('due', 9)], [one('first', 10), one('second', 8)])).toBe('due@9 first@10 second@10');
  });
});
