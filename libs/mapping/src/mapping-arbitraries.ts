import fc from 'fast-check';

// Expressions as mappings use them, over documents that lack things and hold lists where one would not think of them:
// nearly all of them compile, most of them give something.

const NAMES = ['a', 'b', 'c', 'n', 'items', 'constructor', 'length'];

const scalar = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '',
      'x',
      'Yes',
      ' a  b ',
      '12',
      '-1.50',
      'a,b',
      'é€😀',
      '2026-01-02T03:04:05Z',
    ),
  },
  { weight: 5, arbitrary: fc.constantFrom(0, 1, 2, -1, 1.5, 2.5, 0.1, 1e21, 1234.5678, 1767323045000) },
  { weight: 1, arbitrary: fc.constantFrom(true, false, null) },
);

/** A document for `arbitraryMapping`: JSON text of an object. */
export const arbitraryDocument: fc.Arbitrary<string> = fc
  .letrec<{ value: unknown; object: unknown; list: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      scalar,
      { weight: 2, arbitrary: tie('object') },
      { weight: 2, arbitrary: tie('list') },
    ),
    object: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 5 }),
    list: fc.oneof(
      { weight: 3, arbitrary: fc.array(tie('object'), { maxLength: 4 }) },
      fc.array(scalar, { maxLength: 4 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }))
  .object.filter((document) => Object.keys(document as object).length > 0)
  .map((document) => JSON.stringify(document));

const VARIABLES = ['$v', '$w', '$f'];
const TEXT_FUNCTIONS =
  'uppercase lowercase trim length number string base64encode encodeUrlComponent toMillis'.split(' ');
const NUMBER_FUNCTIONS = 'floor ceil round abs sqrt fromMillis formatBase'.split(' ');
const LIST_FUNCTIONS = 'count sum max min average join reverse sort distinct'.split(' ');
const ANY_FUNCTIONS = 'string boolean not exists type keys spread merge count append distinct clone'.split(
  ' ',
);
const PATTERNS = ['/a/', '/[a-z]+/i', '/(\\d)(\\d)?/', '/x|(y)/', '/^/', '/,/'];
const PICTURES = [
  '"[Y0001]-[M01]-[D01]"',
  '"[D01].[M01].[Y0001] [H01]:[m]"',
  '"[Y]/[M]"',
  '"[FNn], [D1o] [MNn]"',
  '"[["',
];

const functions = (names: readonly string[]) => fc.constantFrom(...names.map((name) => `$${name}`));

type Parts =
  'expression' | 'path' | 'step' | 'test' | 'text' | 'number' | 'list' | 'object' | 'lambda' | 'block';

/** An expression whose context is such a document, or anything in one. */
export const arbitraryMapping: fc.Arbitrary<string> = fc.letrec<Record<Parts, string>>((tie) => {
  const any = tie('expression');
  const text = tie('text');
  const number = tie('number');
  const list = tie('list');
  const test = tie('test');
  const name = fc.constantFrom(...NAMES);
  const plain = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('.'));
  const key = fc.constantFrom('"k"', '"a"', '"b"', '"n"', '"2"', '"1"');
  const index = fc.constantFrom('0', '-1', '1', '5', '1.7');
  const after = fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    index.map((at) => `[${at}]`),
    test.map((one) => `[${one}]`),
    fc.constant('[]'),
    number.map((one) => `[${one}]`),
    fc.tuple(name, fc.constantFrom('', '<', '>')).map(([by, way]) => `^(${way}${by})`),
    fc.tuple(name, any).map(([by, one]) => `{$string(${by}): ${one}}`),
  );
  const call = (called: fc.Arbitrary<string>, ...parts: fc.Arbitrary<string>[]) =>
    fc.tuple(called, ...parts).map(([one, ...given]) => `${one}(${given.join(', ')})`);
  const lambda = (...parameters: string[]) =>
    any.map((body) => `function(${parameters.join(', ')}){${body}}`);
  return {
    step: fc.oneof(
      { weight: 8, arbitrary: name },
      any.map((one) => `(${one})`),
      tie('object'),
      fc.constantFrom(
        '*',
        '**',
        '$',
        '$string()',
        '$keys()',
        '$uppercase()',
        '$length()',
        '$number()',
        '$spread()',
      ),
      list.map((one) => `[${one}]`),
      call(fc.constantFrom('$substring', '$contains', '$lookup', '$each', '$round'), any),
    ),
    path: fc.oneof(
      { weight: 4, arbitrary: plain },
      fc
        .tuple(
          fc.oneof(
            { weight: 5, arbitrary: name },
            fc.constantFrom('$', '$$', ...VARIABLES),
            any.map((one) => `(${one})`),
          ),
          after,
          fc.array(fc.tuple(tie('step'), after), { maxLength: 3 }),
        )
        .map(([first, end, steps]) => [first + end, ...steps.map((step) => step.join(''))].join('.')),
    ),
    text: fc.oneof(
      fc.constantFrom('"x"', '"a b"', '""', '"é😀"', '"12"'),
      tie('path'),
      call(functions(TEXT_FUNCTIONS), any),
      fc.tuple(any, any).map(([a, b]) => `(${a} & ${b})`),
      call(fc.constant('$substring'), text, number),
      call(fc.constant('$substring'), text, number, number),
      call(fc.constantFrom('$substringBefore', '$substringAfter', '$split', '$contains'), text, text),
      call(fc.constant('$join'), list, text),
      call(
        fc.constant('$pad'),
        text,
        fc.constantFrom('5', '-5', '0', 'n'),
        fc.constantFrom('"#"', '"ab"', '""'),
      ),
      call(fc.constantFrom('$match', '$contains', '$split'), text, fc.constantFrom(...PATTERNS)),
      call(
        fc.constant('$replace'),
        text,
        fc.oneof(fc.constantFrom(...PATTERNS), text),
        fc.constantFrom('"-"', '"$1$0$$"', '""'),
      ),
      call(fc.constant('$fromMillis'), number, fc.constantFrom(...PICTURES)),
      call(fc.constant('$formatNumber'), number, fc.constantFrom('"#,##0.00"', '"000"')),
      fc.constantFrom('$now()', '$now("[Y0001]")', '$string($millis())'),
    ),
    number: fc.oneof(
      fc.constantFrom('0', '1', '2', '-1', '1.5', '100', '0.1'),
      tie('path'),
      fc
        .tuple(number, fc.constantFrom('+', '-', '*', '/', '%'), number)
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      any.map((one) => `$count(${one})`),
      call(functions(NUMBER_FUNCTIONS), any),
      call(fc.constantFrom('$round', '$power', '$formatBase'), number, number),
      number.map((one) => `-(${one})`),
    ),
    test: fc.oneof(
      fc.constantFrom('true', 'false'),
      fc
        .tuple(any, fc.constantFrom('=', '!=', '<', '<=', '>', '>=', 'in', 'and', 'or'), any)
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      any.map((one) => `$exists(${one})`),
      any.map((one) => `$not(${one})`),
      tie('path'),
    ),
    list: fc.oneof(
      fc.array(any, { maxLength: 3 }).map((all) => `[${all.join(', ')}]`),
      tie('path'),
      fc.constantFrom('[1..3]', '[0..n]', '[2..1]'),
      call(fc.constantFrom('$map', '$filter', '$each', '$sift', '$single', '$sort'), any, tie('lambda')),
      call(
        fc.constantFrom('$map', '$filter', '$sort'),
        any,
        functions([...ANY_FUNCTIONS, ...TEXT_FUNCTIONS]),
      ),
      call(fc.constant('$reduce'), any, lambda('$v', '$w')),
      call(fc.constant('$reduce'), any, lambda('$v', '$w'), any),
      call(functions(LIST_FUNCTIONS), any),
      call(fc.constantFrom('$append', '$zip', '$lookup'), any, any),
    ),
    object: fc
      .uniqueArray(fc.tuple(key, any), { minLength: 1, maxLength: 3, selector: ([one]) => one })
      .map((pairs) => `{${pairs.map((pair) => pair.join(': ')).join(', ')}}`),
    lambda: fc.oneof(lambda('$v'), lambda('$v', '$w'), lambda(), lambda('$v', '$i', '$a')),
    block: fc.oneof(
      fc
        .tuple(fc.constantFrom(...VARIABLES), any, any)
        .map(([to, one, then]) => `(${to} := ${one}; ${then})`),
      fc
        .tuple(tie('lambda'), any, any)
        .map(([fn, one, then]) => `($f := ${fn}; [$f(${one}), ${then}, $f(n, a)])`),
      fc.tuple(test, any).map(([one, then]) => `(${one} ? ($v := ${then}); $v)`),
      fc.tuple(tie('lambda'), any).map(([fn, one]) => `(${fn})(${one})`),
    ),
    expression: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      fc.oneof(
        { weight: 5, arbitrary: plain },
        fc.constantFrom('1', '"x"', 'true', 'null', '$', '$$', ...VARIABLES),
      ),
      tie('path'),
      tie('path'),
      text,
      number,
      list,
      tie('object'),
      tie('block'),
      fc.tuple(test, any, any).map(([one, then, other]) => `(${one} ? ${then} : ${other})`),
      fc.tuple(any, fc.constantFrom('??', '?:'), any).map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(any, functions([...ANY_FUNCTIONS, ...TEXT_FUNCTIONS])).map(([one, fn]) => `(${one} ~> ${fn})`),
      fc.tuple(any, tie('lambda')).map(([one, fn]) => `(${one} ~> $map(${fn}))`),
      call(functions([...ANY_FUNCTIONS, ...LIST_FUNCTIONS]), any),
      fc.tuple(name, tie('object')).map(([where, update]) => `($ ~> |${where}|${update}, ["a"]|)`),
    ),
  };
}).expression;
