import { differences, exampleBinding, exampleDifferences, exampleMistakes } from './mapping-examples';
import { diffLines, diffVersions } from './mapping-diff';

const example = (more: object) => ({ name: 'E', input: {}, ...more });

it('finds every place where JSON differs, and none where it is the same', () => {
  expect(differences({ a: 1, b: [1, { c: 'x' }] }, { b: [1, { c: 'x' }], a: 1 })).toEqual([]);
  expect(differences({ a: 1, b: [1, 2], n: null }, { a: '1', b: [1], x: 0 })).toEqual([
    { pointer: '/a', expected: 1, actual: '1' },
    { pointer: '/b/1', expected: 2, actual: undefined },
    { pointer: '/n', expected: null, actual: undefined },
    { pointer: '/x', expected: undefined, actual: 0 },
  ]);
  expect(differences({ 'a/b': {} }, { 'a/b': [] })).toMatchObject([{ pointer: '/a~1b' }]);
});

it('says of an example what came instead', () => {
  const kept = [example({ output: { email: 'a', n: 1 } }), example({ dropped: 'missing-required' })];
  const said = (results: Parameters<typeof exampleDifferences>[1]) =>
    exampleDifferences(kept, results, ['email']).map(({ pointer, message }) => `${pointer} ${message}`);
  expect(said([{ output: { email: 'a', n: 1 } }, { output: { n: 1 } }])).toEqual([]);
  expect(said([{ output: { email: 'b', n: 1 } }, { output: { email: 'c' } }])).toEqual([
    '/examples/0/output/email "E": expected "a", got "b".',
    '/examples/1 "E": meant was to be dropped as missing-required, it gives {"email":"c"}.',
  ]);
  expect(
    said([{ error: { code: 'T2001', message: 'No number.' } }, { output: undefined }]).map((one) =>
      one.slice(0, 60),
    ),
  ).toEqual([
    '/examples/0 "E": meant was an output, it is dropped: T2001  ',
    '/examples/1 "E": meant was to be dropped as missing-required',
  ]);
});

it('wants one outcome of each, and one name', () => {
  const given = [example({}), example({ output: {}, dropped: 'x' }), example({ name: 'F', output: {} })];
  expect(exampleMistakes([...given, example({ name: 'F', output: {} })])).toMatchObject([
    { pointer: '/examples/0', code: 'one-of' },
    { pointer: '/examples/1', code: 'one-of' },
    { pointer: '/examples/3/name', code: 'taken' },
  ]);
});

it('binds time to the example', () => {
  const at = '2025-05-05T05:05:05.000Z';
  expect(exampleBinding(example({ input: { now: at } })).at.toISOString()).toBe(at);
  expect(exampleBinding(example({ input: { now: 'soon' } })).at.getUTCFullYear()).toBe(2026);
});

it('compares versions line by line, and what belongs to them by name', () => {
  expect(diffLines(['a', 'b', 'c'], ['a', 'x', 'c', 'd'])).toEqual([
    { change: 'same', line: 'a' },
    { change: 'removed', line: 'b' },
    { change: 'added', line: 'x' },
    { change: 'same', line: 'c' },
    { change: 'added', line: 'd' },
  ]);
  const version = (number: number, required: string[], examples: object[]) => ({
    version: number,
    expression: 'x',
    required,
    examples: examples as never[],
    createdAt: new Date(0),
  });
  const from = version(1, ['a'], [example({ output: {} }), example({ name: 'gone', output: {} })]);
  const to = version(2, ['b'], [example({ output: { n: 1 } }), example({ name: 'new', output: {} })]);
  expect(diffVersions(from, to)).toEqual({
    from: 1,
    to: 2,
    expression: [{ change: 'same', line: 'x' }],
    required: { removed: ['a'], added: ['b'] },
    examples: { removed: ['gone'], added: ['new'], changed: ['E'] },
  });
});
