import { afterCall, type CallResult, type Flow, gateOf, NEW_FLOW, rateOf, shareCalls } from './flow';

const OPTIONS = { backoffMs: 1000, maxBackoffMs: 600_000, breakerFailures: 3 };
const START = new Date('2026-03-01T00:00:00Z');
const at = (seconds: number): Date => new Date(START.getTime() + seconds * 1000);
const call = (end: CallResult['end'], more: Partial<CallResult> = {}): CallResult => ({
  rows: 100,
  seconds: 1,
  calls: 1,
  afterMs: 0,
  end,
  code: end === 'worked' ? undefined : 'http-503',
  ...more,
});

function after(flow: Flow, result: CallResult, seconds: number): Flow {
  return afterCall(flow, result, at(seconds), OPTIONS, () => 1) ?? flow;
}

describe('the pace of a connector', () => {
  it('is the least of what the plugin, the admin and 429s allow', () => {
    expect(rateOf(NEW_FLOW, 100, START)).toBe(100);
    expect(rateOf({ ...NEW_FLOW, perSecond: 20 }, 100, START)).toBe(20);
    expect(rateOf({ ...NEW_FLOW, perSecond: 500 }, 100, START)).toBe(100);
  });

  it('is halved by a 429 and rises by a tenth of that every second', () => {
    let flow = after(NEW_FLOW, call('throttled'), 0);
    expect(rateOf(flow, 1e6, at(0))).toBe(50);
    expect(rateOf(flow, 1e6, at(10))).toBe(100);
    flow = after(flow, call('throttled'), 10);
    expect(rateOf(flow, 1e6, at(10))).toBe(50);
    flow = after(flow, call('throttled', { rows: 1e6 }), 10);
    expect(rateOf(flow, 1e6, at(10))).toBe(25);
    expect(rateOf(flow, 60, at(60))).toBe(60);
  });

  it('is itself again within two minutes, however slow the moment in which the 429 came', () => {
    const flow = after(NEW_FLOW, call('throttled', { rows: 1, seconds: 4 }), 0);
    expect(rateOf(flow, 1e6, at(0))).toBeLessThan(1);
    expect(rateOf(flow, 500, at(30))).toBeLessThan(10);
    expect(rateOf(flow, 500, at(120))).toBe(500);
    expect(rateOf(flow, 500, at(1e9))).toBe(500);
  });

  it('rests as long as Retry-After says, and an earlier end never shortens that', () => {
    let flow = after(NEW_FLOW, call('throttled', { afterMs: 30_000 }), 0);
    flow = after(flow, call('throttled', { afterMs: 5_000 }), 1);
    expect(gateOf(flow, at(29))).toEqual({ open: false, because: 'rest', until: at(30) });
    expect(gateOf(flow, at(30))).toEqual({ open: true, probe: false });
  });

  it('tells by the token bucket when there is more', () => {
    expect(gateOf({ ...NEW_FLOW, waitMs: 40 }, START)).toEqual({ open: false, because: 'rate', waitMs: 40 });
  });
});

describe('a breaker', () => {
  it('opens after failures in a row, and says why', () => {
    let flow = NEW_FLOW;
    for (const turn of [1, 2]) flow = after(flow, call('failed'), turn);
    expect(flow).toMatchObject({ breaker: 'closed', failures: 2 });
    flow = after(flow, call('failed', { code: 'http-502' }), 3);
    expect(flow).toMatchObject({ breaker: 'open', reason: 'http-502', probeAt: at(8) });
    expect(gateOf(flow, at(7))).toEqual({ open: false, because: 'breaker', until: at(8) });
    expect(gateOf(flow, at(8))).toEqual({ open: true, probe: true });
  });

  it('does not open for failures between calls that work', () => {
    let flow = NEW_FLOW;
    for (let turn = 0; turn < 20; turn++) flow = after(flow, call(turn % 2 ? 'worked' : 'failed'), turn);
    expect(flow).toMatchObject({ breaker: 'closed', failures: 0, reason: null });
  });

  it('opens at once when the connector itself must be mended', () => {
    expect(after(NEW_FLOW, call('failed', { code: 'bad-credentials', broken: true }), 0)).toMatchObject({
      breaker: 'open',
      reason: 'bad-credentials',
    });
  });

  it('waits longer after each probe that fails, and closes with one that works', () => {
    let flow: Flow = { ...NEW_FLOW, breaker: 'half-open', failures: 3, probeAt: at(0) };
    const waits = [4, 5, 6].map((failures) => {
      flow = after(flow, call('failed'), 0);
      expect(flow).toMatchObject({ breaker: 'open', failures });
      return (flow.probeAt!.getTime() - START.getTime()) / 1000;
    });
    expect(waits).toEqual([10, 20, 40]);
    const closed = { breaker: 'closed', failures: 0, reason: null, probeAt: null, restUntil: null };
    expect(after(flow, call('worked'), 50)).toMatchObject(closed);
  });

  it('lets another probe follow one that never came back', () => {
    const flow: Flow = { ...NEW_FLOW, breaker: 'half-open', failures: 3, probeAt: at(25) };
    expect(gateOf(flow, at(24)).open).toBe(false);
    expect(gateOf(flow, at(25))).toEqual({ open: true, probe: true });
  });
});

it.each([
  [1, 1, 1],
  [2, 2, 1],
  [3, 3, 1],
  [4, 2, 2],
  [9, 3, 3],
  [16, 2, 8],
])('shares %i calls among %i claims of %i', (concurrency, claims, calls) => {
  expect(shareCalls(concurrency)).toEqual({ claims, calls });
});
