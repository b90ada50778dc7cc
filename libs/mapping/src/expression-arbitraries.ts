import fc from 'fast-check';

const NAMES = [
  'profile',
  'traits',
  'identities',
  'a',
  'b',
  'c',
  'd',
  'n',
  'items',
  'audience',
  'name',
  'now',
];
const PLACES = [
  'profile.traits.a',
  'profile.traits.b.c',
  'profile.traits.items.a',
  'profile.identities.a',
  'audience.name',
];
const FIRST_WORDS = [
  ...PLACES,
  'profile.traits',
  'profile.identities',
  'profile',
  'profile.traits.items',
  '$',
  '$$',
];
const TAKING_ONE =
  'uppercase length string number not boolean keys spread count sum exists type distinct reverse trim floor'.split(
    ' ',
  );
const VARIABLES = ['$v', '$w', '$f'];

/** Anything the parser takes, and much that fails when it runs. */
const arbitraryText: fc.Arbitrary<string> = fc.letrec<{
  expression: string;
  step: string;
  path: string;
}>((tie) => {
  const inner = tie('expression');
  const name = fc.constantFrom(...NAMES);
  const variable = fc.constantFrom(...VARIABLES);
  const literal = fc.constantFrom('"a"', '"b"', '1', '0', 'true', 'null');
  const lambda = fc.oneof(
    inner.map((body) => `function($v) {${body}}`),
    inner.map((body) => `function($v, $w) {${body}}`),
    inner.map((body) => `function() {${body}}`),
    inner.map((body) => `function($v)<x-:x> {${body}}`),
  );
  const callable = fc.oneof(
    lambda,
    fc.constantFrom(...TAKING_ONE).map((one) => `$${one}`),
    variable,
  );
  return {
    step: fc.oneof(
      { weight: 8, arbitrary: name },
      fc.constantFrom(
        '*',
        '**',
        '%',
        '$',
        '$string()',
        '$keys()',
        '$uppercase()',
        '$spread()',
        '$substring(0, 1)',
        '$sum()',
      ),
      inner.map((one) => `(${one})`),
      inner.map((one) => `{"k": ${one}}`),
      fc.constantFrom(
        '$lookup("a")',
        '$each(function($v, $k) {$v})',
        '$sift(function($v) {true})',
        '$f()',
        '$f.input.profile.traits.a',
        '$clone()',
      ),
    ),
    path: fc
      .tuple(
        fc.oneof(
          fc.constantFrom(...FIRST_WORDS),
          name,
          variable,
          inner.map((one) => `(${one})`),
        ),
        fc.array(
          fc.tuple(
            tie('step'),
            fc.oneof(
              { weight: 8, arbitrary: fc.constant('') },
              inner.map((one) => `[${one}]`),
              fc.constantFrom('[0]', '[-1]', '[]', '#$w', '@$v'),
              name.map((one) => `^(${one})`),
              fc.tuple(name, inner).map(([key, one]) => `{${key}: ${one}}`),
            ),
          ),
          { maxLength: 3 },
        ),
      )
      .map(([first, steps]) => [first, ...steps.map(([step, after]) => step + after)].join('.')),
    expression: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.oneof(literal, name, fc.constantFrom(...FIRST_WORDS), fc.constantFrom(...PLACES), variable),
      tie('path'),
      tie('path'),
      fc
        .tuple(inner, fc.constantFrom('&', '=', '!=', '+', '<', 'and', 'or', 'in', '??', '?:'), inner)
        .map(([a, op, b]) => `(${a} ${op} ${b})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
      fc.array(inner, { maxLength: 3 }).map((all) => `[${all.join(', ')}]`),
      fc
        .array(inner, { minLength: 1, maxLength: 2 })
        .map((all) => `{${all.map((one, index) => `"k${index}": ${one}`).join(', ')}}`),
      fc.tuple(fc.constantFrom(...TAKING_ONE), inner).map(([called, one]) => `$${called}(${one})`),
      fc.tuple(inner, inner).map(([a, b]) => `$lookup(${a}, ${b})`),
      fc
        .tuple(fc.constantFrom('map', 'filter', 'each', 'sift', 'single', 'sort'), inner, callable)
        .map(([hof, one, fn]) => `$${hof}(${one}, ${fn})`),
      fc.tuple(inner, callable).map(([one, fn]) => `(${one} ~> ${fn})`),
      fc.tuple(inner, inner).map(([one, other]) => `(${one} ~> |${other}|{"a": 1}|)`),
      fc.tuple(lambda, inner).map(([fn, one]) => `${fn}(${one})`),
      fc.tuple(variable, inner, inner).map(([to, one, rest]) => `(${to} := ${one}; ${rest})`),
      fc
        .tuple(variable, callable, inner, inner)
        .map(([to, fn, one, rest]) => `(${to} := ${fn}; ${rest}; ${to}(${one}))`),
      fc.tuple(inner, inner).map(([a, b]) => `$merge([${a}, ${b}])`),
      fc.tuple(inner, inner).map(([one, other]) => `($f := $substring(?, 0, 1); $f(${one}) & ${other})`),
      variable.map((called) => `${called}()`),
    ),
  };
}).expression;

/** What can be said where the context is the input, the traits, or one of the items: most of it gives a text. */
const arbitrarySense: fc.Arbitrary<string> = fc.letrec<Record<'input' | 'traits' | 'item', string>>((tie) => {
  const said =
    (places: string[], wider: (inner: fc.Arbitrary<string>) => fc.Arbitrary<string>[]) =>
    (inner: fc.Arbitrary<string>): fc.Arbitrary<string> =>
      fc.oneof(
        { maxDepth: 5, depthSize: 'medium' },
        fc.constantFrom(...places),
        fc.constantFrom(...places, '$v', '$w'),
        ...wider(inner),
        fc
          .tuple(inner, fc.constantFrom('&', '=', 'in', '??'), inner)
          .map(([a, op, b]) => `(${a} ${op} ${b})`),
        fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
        inner.map((one) => `$string(${one})`),
        fc.tuple(inner, fc.constantFrom('$string', '$exists', '$f')).map(([one, fn]) => `(${one} ~> ${fn})`),
        fc
          .tuple(fc.constantFrom('$v', '$w'), inner, inner)
          .map(([to, one, rest]) => `(${to} := ${one}; ${rest})`),
        fc.tuple(inner, inner).map(([body, rest]) => `($f := function($x) {${body}}; ${rest} & $f(1))`),
        fc
          .tuple(fc.constantFrom('string', 'lookup', 'keys'), inner)
          .map(([fn, rest]) => `($f := $${fn}; ${rest} & $f())`),
        inner.map((one) => `(function($x) {${one}})(1)`),
        fc.tuple(inner, inner).map(([value, one]) => `({"k": ${value}}.k & ${one})`),
      );
  const items = (list: string) => [
    fc
      .tuple(tie('item'), fc.constantFrom('a', 'n'))
      .map(([test, name]) => `${list}[$string(${test}) != "?"].${name}`),
    tie('item').map((one) => `${list}.(${one})`),
    tie('item').map((one) => `${list}^(${one}).a`),
    tie('item').map((one) => `${list}{"k": ${one}}.k`),
    tie('item').map((one) => `${list}@$v.("x" & $v.n & ${one})`),
    tie('item').map((one) => `$map(${list}, function($v) {${one} & $v.n})`),
    fc
      .constantFrom('$string()', '$keys()', '$lookup("a")', '$each(function($e) {$e})', '{"i": 1}', '*')
      .map((step) => `${list}.${step}`),
  ];
  return {
    input: said([...PLACES, 'now'], () => [
      ...items('profile.traits.items'),
      tie('traits').map((one) => `profile.traits.(${one})`),
      tie('traits').map((one) => `profile.(traits.(${one}))`),
      tie('traits').map((one) => `($v := profile.traits; $v.(${one}))`),
    ])(tie('input')),
    traits: said(
      ['a', 'b.c', 'n', 'items.a', '$.b.d', '$$.now', '$lookup($, "a")', 'a.$uppercase()', 'a.$length()'],
      () => items('items'),
    )(tie('traits')),
    item: said(['a', 'n', '$.a', '$$.profile.traits.b.c', '$lookup("n")', '%.a', 'n.$string()'], () => [])(
      tie('item'),
    ),
  };
}).input;

/** For specs: an expression over {profile, audience, now}, as wild as the parser takes or such as people write. */
export const arbitraryExpression = fc.oneof(arbitraryText, { arbitrary: arbitrarySense, weight: 2 });
