import { dueFirst, momentOf, orderStimuli, OUTAGE_MS, type Placed } from './moments';

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
  const placed = (source: Placed['source'], pos: number, moment: number): Placed => ({ source, pos, moment });

  it('is by moments, and at one moment waits, verdicts, events, then audiences', () => {
    const all = [
      placed('membership', 1, 10),
      placed('event', 2, 10),
      placed('event', 1, 10),
      placed('outcome', 5, 10),
      placed('due', 7, 10),
      placed('due', 8, 9),
      placed('due', 3, 11),
    ];
    expect(orderStimuli(all)).toEqual([all[5], all[4], all[3], all[2], all[1], all[0], all[6]]);
    expect(orderStimuli([...all].reverse())).toEqual(orderStimuli(all));
  });

  it('keeps a log’s positions where clocks ran backwards', () => {
    const ordered = orderStimuli([placed('event', 2, 8), placed('event', 1, 10), placed('due', 1, 9)]);
    expect(ordered).toEqual([placed('due', 1, 9), placed('event', 1, 10), placed('event', 2, 10)]);
  });

  it('compares positions of 64 bits', () => {
    const [one, two] = [2n ** 62n, 2n ** 62n + 1n].map((pos): Placed => ({
      source: 'event',
      pos,
      moment: 1,
    }));
    expect(orderStimuli([two!, one!])).toEqual([one, two]);
  });

  it('has a wait first that is due at the moment of an event', () => {
    expect([dueFirst(10, 10), dueFirst(11, 10), dueFirst(null, 10)]).toEqual([true, false, false]);
  });
});
