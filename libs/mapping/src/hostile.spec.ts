import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isDeepStrictEqual } from 'node:util';
import { HOSTILE, REFUSED, type Verdict } from './hostile-expressions';
import type { MappingResult } from './mapping-result';
import { MappingRunner } from './mapping-runner';

const CODE = /^(mapping-[a-z-]+|[A-Z]\d{4})$/;

describe(`${HOSTILE.length + REFUSED.length} hostile expressions`, () => {
  const runner = new MappingRunner({ processes: 2, hardMs: 300 });
  const delay = monitorEventLoopDelay({ resolution: 5 });
  beforeAll(() => delay.enable());
  afterAll(() => runner.close());

  const run = (expression: string, documents: object[]): Promise<MappingResult[]> =>
    runner.run(expression, documents, { deadlineMs: 50 });

  it('end in a verdict for their row, and the other rows come out right', async () => {
    const wrong: unknown[] = [];
    await inTurns(HOSTILE, async ([hostile, verdict]) => {
      const [before, result, after] = await run(`v ? (${hostile}) : "fine"`, [{}, { v: true }, {}]);
      const others = JSON.stringify([before, after]);
      if (others !== '[{"output":"fine"},{"output":"fine"}]' || !agrees(result, verdict))
        wrong.push({ hostile: hostile.slice(0, 200), others, result });
    });
    expect(wrong).toEqual([]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  }, 180_000);

  it('are refused where they are no expressions', async () => {
    await inTurns(REFUSED, async ([hostile, code]) => {
      const results = await run(hostile, [{}, {}]);
      const told = results.map((result) => ('error' in result ? result.error.code : 'an output'));
      expect({ hostile: hostile.slice(0, 50), told }).toEqual({
        hostile: hostile.slice(0, 50),
        told: [expect.stringMatching(code), expect.stringMatching(code)],
      });
    });
  }, 60_000);

  it('leave the event loop of the hub alone', () => {
    // The middle, not the worst: a busy machine stops anything for a while.
    expect(delay.percentile(50) / 1e6).toBeLessThan(50);
  });
});

function agrees(result: MappingResult | undefined, verdict: Verdict): boolean {
  if (!result) return false;
  if (!('error' in result))
    return (
      verdict === 'any' || (!(verdict instanceof RegExp) && isDeepStrictEqual(result.output, verdict.output))
    );
  const { code, message } = result.error;
  if (message === '' || !CODE.test(code)) return false;
  return verdict === 'any' || (verdict instanceof RegExp && verdict.test(code));
}

/** Two at a time, as there are processes. */
async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one);
  };
  await Promise.all([worker(), worker()]);
}
