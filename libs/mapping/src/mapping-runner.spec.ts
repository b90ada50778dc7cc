import { MappingRunner } from './mapping-runner';
import type { MappingResult } from './mapping-result';

const codeOf = (result: MappingResult | undefined): string | undefined =>
  result && 'error' in result ? result.error.code : undefined;

const people = (count: number): object[] =>
  Array.from({ length: count }, (_, n) => ({ n, profile: { traits: { firstName: `Ada${n}` } } }));

describe('MappingRunner', () => {
  const runner = new MappingRunner({ processes: 1 });
  afterAll(() => runner.close());

  it('maps every document in order, nothing to undefined', async () => {
    const results = await runner.run('n % 2 = 0 ? {"name": profile.traits.firstName}', people(450));
    expect(results).toHaveLength(450);
    expect(results[0]).toEqual({ output: { name: 'Ada0' } });
    expect(results[1]).toEqual({ output: undefined });
    expect(results[448]).toEqual({ output: { name: 'Ada448' } });
  });

  it('binds time and chance to the row', async () => {
    const bindings = [
      { seed: 'a', at: new Date('2026-01-02T03:04:05.000Z') },
      { seed: 'b', at: new Date('2026-02-03T00:00:00.000Z') },
    ];
    const expression =
      '{"now": $now(), "day": $now("[Y]-[M01]"), "ms": $millis(), "r": $random(), "s": $shuffle([1..20])}';
    const first = await runner.run(expression, [{}, {}], { bindings });
    const again = await runner.run(expression, [{}, {}], { bindings });
    expect(again).toEqual(first);
    expect(first[0]).toMatchObject({
      output: { now: '2026-01-02T03:04:05.000Z', day: '2026-01', ms: 1767323045000 },
    });
    const drawn = first.map((row) => ('output' in row ? (row.output as { r: number }).r : -1));
    expect(drawn[0]).not.toBe(drawn[1]);
  });

  it('says what failed and where, for that row alone', async () => {
    const results = await runner.run('{"n": $number(v)}', [{ v: '1' }, { v: 'x' }, { v: '3' }]);
    expect(results[0]).toEqual({ output: { n: 1 } });
    expect(results[1]).toEqual({
      error: { code: 'D3030', message: expect.stringContaining('"x"'), position: expect.any(Number) },
    });
    expect(results[2]).toEqual({ output: { n: 3 } });
  });

  it('kills a row that never ends and maps the 299 others', async () => {
    const documents = people(300).map((person, n) => ({
      ...person,
      text: n === 120 ? 'a'.repeat(40) + '!' : 'aa',
    }));
    const began = Date.now();
    const results = await runner.run('{"n": n, "ok": $contains(text, /^(a+)+$/)}', documents);
    const failed = results.flatMap((row, n) => ('output' in row ? [] : [{ n, code: codeOf(row) }]));
    expect(failed).toEqual([{ n: 120, code: 'mapping-timeout' }]);
    expect(results[299]).toEqual({ output: { n: 299, ok: true } });
    // A second, were the machine its own.
    expect(Date.now() - began).toBeLessThan(60_000);
  }, 90_000);

  it('stops an endless recursion and a slow loop by the row deadline', async () => {
    const results = await runner.run('v ? ($f := function($x){$f($x+1)}; $f(1)) : {"a": 1}', [
      { v: true },
      { v: false },
    ]);
    expect(codeOf(results[0])).toMatch(/^(mapping-timeout|D1011)$/);
    expect(results[1]).toEqual({ output: { a: 1 } });
  });

  it.each([
    ['$pad("x", 500000000)', /mapping-(memory|crashed|output-too-large|timeout)/],
    ['$base64encode($pad("x", 100000000))', /mapping-(memory|crashed|output-too-large|timeout)/],
    ['$join([1..90000].$pad("x", 10000))', /mapping-(memory|crashed|output-too-large|timeout)/],
    ['$pad("x", 2000000)', /^mapping-output-too-large$/],
    ['function($x){$x}', /^mapping-output-not-json$/],
    ['{"f": $sum}', /^mapping-output-not-json$/],
  ])('contains %s', async (hostile, code) => {
    const results = await runner.run(`v ? (${hostile}) : "fine"`, [{ v: false }, { v: true }, { v: false }]);
    expect(results[0]).toEqual({ output: 'fine' });
    expect(codeOf(results[1])).toMatch(code);
    expect(results[2]).toEqual({ output: 'fine' });
  });

  it('gives up on a mapping that hangs on every row, and says so', async () => {
    const documents = Array.from({ length: 60 }, () => ({ text: 'a'.repeat(40) + '!' }));
    const results = await runner.run('$contains(text, /^(a+)+$/)', documents);
    const codes = new Set(results.map(codeOf));
    expect(codes).toEqual(new Set(['mapping-timeout', 'mapping-parked']));
  }, 90_000);

  it('strips own __proto__ keys and leaves no trace on prototypes', async () => {
    const [row] = await runner.run('{"a": {"__proto__": {"bad": 1}, "b": 2}, "$keys": 1}', [{}]);
    expect(row).toEqual({ output: { a: { b: 2 }, $keys: 1 } });
    expect(JSON.stringify(row)).not.toContain('__proto__');
    expect(({} as { bad?: number }).bad).toBeUndefined();
  });

  it('refuses $eval and documents that are too large', async () => {
    const [refused] = await runner.run('$eval("1+1")', [{}]);
    expect(codeOf(refused)).toBe('mapping-eval');
    const [large, small] = await runner.run('"ok"', [{ text: 'x'.repeat(1_100_000) }, {}]);
    expect(codeOf(large)).toBe('mapping-input-too-large');
    expect(small).toEqual({ output: 'ok' });
  });
});

describe('a compiled mapping', () => {
  const compiled = new MappingRunner({ processes: 1 });
  const stock = new MappingRunner({ processes: 1, compiled: false });
  afterAll(() => [compiled, stock].forEach((runner) => runner.close()));

  const bindings = [
    { seed: 'a', at: new Date('2026-01-02T03:04:05.678Z') },
    { seed: 'b', at: new Date('2026-02-03T00:00:00.000Z') },
  ];

  it.each([
    ['time and chance', '{"now": $now(), "ms": $millis(), "year": $now("[Y0001]"), "r": $random()}'],
    ['shuffling', '$shuffle([1..20])'],
    ['a time without a date', '$toMillis("10:00", "[H01]:[m01]")'],
    ['an error with its place', '{"a": 1, "n": $number(text), "m": 1 + text}'],
    ['nothing', 'missing'],
    ['a function in the output', '{"f": [function($x){$x}]}'],
    ["JSONata's own marks in a document", '{"type": $type(marked), "text": $string(marked)}'],
    ['marks that are text', 'marked._jsonata_function'],
    ['an own __proto__', '{"k": {"__proto__": 1, "b": 2}}'],
  ])('gives the same as stock JSONata: %s', async (_title, expression) => {
    const documents = [
      { text: 'x', marked: { _jsonata_function: true } },
      { text: '5', marked: { _jsonata_lambda: 'no' } },
    ];
    const ours = await compiled.run(expression, documents, { bindings });
    expect(ours).toEqual(await stock.run(expression, documents, { bindings }));
  });

  it('has no limit to the fields of an object', async () => {
    const fields = Array.from({ length: 600 }, (_, n) => `"f${n}": $string(n + ${n})`);
    const [row] = await compiled.run(`{${fields.join(', ')}}`, [{ n: 1 }]);
    expect(row).toMatchObject({ output: { f0: '1', f599: '600' } });
  });

  it('ends a loop that is not stopped by anything else at its deadline, and maps the others', async () => {
    const loop = '[1..100000][$ in [1..100000]]';
    const documents = [{}, { v: true }, {}];
    const results = await compiled.run(`v ? $count(${loop}) : "fine"`, documents, { deadlineMs: 50 });
    expect(results.map((row) => codeOf(row) ?? row)).toEqual([
      { output: 'fine' },
      'mapping-timeout',
      { output: 'fine' },
    ]);
  });
});

describe('compileCheck', () => {
  const runner = new MappingRunner({ processes: 1 });
  afterAll(() => runner.close());

  it('accepts what compiles', async () => {
    expect(await runner.compileCheck('{"a": b}')).toEqual({ valid: true });
  });

  it.each([
    ['{"a": ', 'S0203'],
    ['a b', 'S0201'],
    ['($eval)("1")', 'mapping-eval'],
    ['('.repeat(70_000), 'mapping-too-long'],
  ])('explains %.20s', async (expression, code) => {
    const result = await runner.compileCheck(expression);
    expect(result).toEqual({
      valid: false,
      errors: [expect.objectContaining({ code, message: expect.any(String) })],
    });
  });

  it('survives an expression that breaks the parser', async () => {
    const result = await runner.compileCheck('('.repeat(60_000));
    expect(result.valid).toBe(false);
    expect(await runner.compileCheck('1')).toEqual({ valid: true });
  });
});
