import fc from 'fast-check';
import jsonata from 'jsonata';
import { fieldsRead } from './fields-read';
import { MappingRunner } from './mapping-runner';

const SEED = Number(process.env.PERCORSO_SEED ?? Date.now() % 1_000_000_000);
const CASES = Number(process.env.PERCORSO_CASES ?? 600);

const readsOf = (expression: string): string[] =>
  fieldsRead(jsonata(expression).ast())
    .map(({ path }) => path.join('.') || '(everything)')
    .sort();

const ALL = ['(everything)'];

describe('the fields an expression reads', () => {
  it.each<[string, string[]]>([
    ['"constant"', []],
    ['$now()', []],
    ['profile.traits.email', ['profile.traits.email']],
    ['profile.traits.address.city', ['profile.traits.address.city']],
    ['profile.identities.email[0]', ['profile.identities.email']],
    ['profile.traits."first name"', ['profile.traits.first name']],
    ['{"a": profile.traits.x, "b": membership.op}', ['membership.op', 'profile.traits.x']],
    ['profile.(traits.a & identities.b)', ['profile.identities.b', 'profile.traits.a']],
    ['profile.traits.ill.{"is": true}', ['profile.traits.ill.']],
    ['profile.traits.ill."yes"', ['profile.traits.ill.yes']],
    ['profile.traits.ill.("yes")', ['profile.traits.ill.']],
    ['profile.traits', ['profile.traits']],
    ['profile', ['profile']],
    ['$', ALL],
    ['$$', ALL],
    ['$$.profile.traits.a', ['profile.traits.a']],
    ['profile.traits.$.a', ['profile.traits.a']],
    ['profile.*', ['profile']],
    ['profile.traits.*.city', ['profile.traits']],
    ['**.email', ALL],
    ['profile.**.email', ['profile']],
    ['profile.traits.a.%.b', [...ALL, 'profile.traits.a.']],
    ['profile.traits.a.(%.b)', [...ALL, 'profile.traits.a.']],
    ['$lookup(profile.traits, "email")', ['profile.traits']],
    ['$lookup(profile.traits, profile.traits.key)', ['profile.traits', 'profile.traits.key']],
    ['profile.$lookup("traits")', ['profile']],
    ['$each(profile.traits, function($v, $k) {$k & $v})', ['profile.traits']],
    ['profile.traits.$each(function($v) {$v})', ['profile.traits']],
    ['$keys(profile)', ['profile']],
    ['$string($)', ALL],
    ['$string()', ALL],
    ['$uppercase(profile.traits.a)', ['profile.traits.a']],
    ['profile.traits.a.$uppercase()', ['profile.traits.a.']],
    ['profile.traits.a ~> $uppercase', ['profile.traits.a']],
    ['profile.traits.a ~> $substring(0, 3)', ['profile.traits.a']],
    ['$substring(profile.traits.a, 3)', ['profile.traits.a']],
    [
      'profile.traits.a ? profile.traits.b : profile.traits.c',
      ['profile.traits.a', 'profile.traits.b', 'profile.traits.c'],
    ],
    [
      '(profile.traits.a ? profile.traits : profile.identities).b',
      ['profile.identities.b', 'profile.traits.a', 'profile.traits.b'],
    ],
    ['profile.traits.a ?? "none"', ['profile.traits.a']],
    ['profile.traits.items[price > 5].name', ['profile.traits.items.name', 'profile.traits.items.price']],
    ['profile.traits[email = "x"].city', ['profile.traits.city', 'profile.traits.email']],
    ['profile.traits["email"]', ['profile.traits']],
    ['profile.traits.items^(>price).name', ['profile.traits.items.name', 'profile.traits.items.price']],
    [
      'profile.traits.items{name: $sum(price)}',
      ['profile.traits.items.', 'profile.traits.items.name', 'profile.traits.items.price'],
    ],
    ['profile.traits.items#$i.{"i": $i, "n": name}', ['profile.traits.items.', 'profile.traits.items.name']],
    ['profile.traits.a@$x.b.{"x": $x.c}', ['profile.traits.a.b.', 'profile.traits.a.c', 'profile.traits.b.']],
    ['profile.traits.a@$x.b.y', ['profile.traits.a.b.y', 'profile.traits.b.y']],
    ['($p := profile; $p.traits.email)', ['profile.traits.email']],
    ['($f := function() {$p.traits.email}; $p := profile; $f())', ['profile.traits.email']],
    ['($f := function($x) {$uppercase($x)}; {"a": $f(profile.traits.a)})', ['profile.traits.a']],
    ['($f := function($x) {$x.traits.email}; $f(profile))', ['profile']],
    ['($get := $lookup; $get(profile.traits, "a"))', [...ALL, 'profile.traits']],
    ['($a := profile.traits.address; $a.city)', ['profile.traits.address.', 'profile.traits.address.city']],
    ['(profile.traits.a; 1)', ['profile.traits.a.']],
    ['(profile.traits.a.%; 1)', [...ALL, 'profile.traits.a.']],
    ['$substring(1, 2)', []],
    ['profile.traits.a.$substring(1, 2)', ['profile.traits.a.']],
    ['($f := function($x)<s-:s> {$x}; profile.traits.a.$f())', ['profile.traits.a', 'profile.traits.a.']],
    ['$map(profile.traits.items, function($v) {$v.price})', ['profile.traits.items']],
    ['profile ~> |traits|{"email": "x"}|', ['profile']],
    ['$ ~> |profile.traits|{}, ["email"]|', ALL],
    ['[1..profile.traits.n]', ['profile.traits.n']],
    ['-profile.traits.n + 1', ['profile.traits.n']],
    ['profile.traits.a in [profile.traits.b, "c"]', ['profile.traits.a', 'profile.traits.b']],
    ['$merge([profile.traits, {"a": 1}])', ['profile.traits']],
    ['$exists(profile.traits.a)', ['profile.traits.a']],
    ['$notThere(1)', ALL],
    ['($f := function() {1}; $f.input.profile.traits.a)', ALL],
    ['($f := function() {1}; $f.environment.lookup("$").profile)', ALL],
    ['{"f": function() {1}}.f.input.now', ALL],
    ['$spread(function() {1}).input.now', ALL],
    ['($g := $trim ~> $uppercase; $g.environment.lookup("$").now)', ALL],
    ['(function($x) {$x & "!"})(profile.traits.a)', ['profile.traits.a']],
    ['profile.traits.a ~> (function($x) {$x & "!"})', ['profile.traits.a']],
  ])('%s', (expression, reads) => {
    expect(readsOf(expression)).toEqual(reads);
  });

  it('follow a name that is bound twice further than it goes, rather than less', () => {
    const found = readsOf('($x := profile; $x := $x.traits; $x.email)');
    expect(found).toEqual(expect.arrayContaining(['profile.email', 'profile.traits.email']));
    expect(readsOf('($x := profile; $y := $x; $x := [$y.a, $y.b]; $x.c)')).toContain('profile.c');
  });

  it('are told with the place in the expression', async () => {
    const runner = new MappingRunner({ processes: 1 });
    const expression = '{"mail": profile.traits.email, "all": profile.traits}';
    expect(await runner.fieldsRead(expression)).toEqual([
      { path: ['profile', 'traits', 'email'], position: 29 },
      { path: ['profile', 'traits'], position: 52 },
    ]);
    expect(await runner.fieldsRead('{{')).toEqual([{ path: [] }]);
    expect(await runner.fieldsRead(`${'('.repeat(20_000)}1${')'.repeat(20_000)}`)).toEqual([{ path: [] }]);
    runner.close();
  });

  it(`are never fewer than are read when it runs (seed ${SEED}, ${CASES} cases)`, async () => {
    let ran = 0;
    let told = 0;
    let precise = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryExpression, async (expression) => {
        const watched = new Watched();
        let compiled: jsonata.Expression;
        try {
          compiled = jsonata(expression, { timeout: 100, stack: 200, sequence: 10_000 });
        } catch {
          return;
        }
        const reads = fieldsRead(compiled.ast());
        try {
          JSON.stringify(await compiled.evaluate(watched.document));
          ran++;
        } catch {
          // What it read until then counts all the same.
        }
        const missed = watched.read.filter(
          ({ path, names }) =>
            !reads.some((read) => isPrefix(read.path, path) || (!names && isPrefix(path, read.path))),
        );
        expect({ expression, missed, reads: missed.length ? reads : [] }).toEqual({
          expression,
          missed: [],
          reads: [],
        });
        told += watched.read.length > 0 ? 1 : 0;
        precise += reads.every(({ path }) => path.length > 0) ? 1 : 0;
      }),
      { seed: SEED, numRuns: CASES, endOnFailure: true },
    );
    expect(ran).toBeGreaterThan(CASES / 4);
    expect(told).toBeGreaterThan(CASES / 4);
    expect(precise).toBeGreaterThan(CASES / 5);
  });
});

const isPrefix = (prefix: readonly string[], path: readonly string[]): boolean =>
  prefix.every((name, index) => path[index] === name);

const DOCUMENT = {
  profile: {
    id: 'p1',
    traits: {
      a: 'x',
      b: { c: 'y', d: [1, 2] },
      n: 2,
      items: [
        { a: 'i1', n: 3 },
        { a: 'i2', n: 1 },
      ],
      key: 'a',
    },
    identities: { a: ['u1', 'u2'], b: ['m1'] },
  },
  audience: { id: 'a1', name: 'b' },
  now: '2026-01-01T00:00:00Z',
};

/**
 * A document that notes which of its texts and numbers were looked at, and of which objects the names were: lists stand
 * for their elements. A label of a text's place is one of every place below it, so following it further tells it too.
 */
class Watched {
  readonly read: { path: string[]; names: boolean }[] = [];
  readonly document = this.watch(DOCUMENT, []);

  private watch(value: object, path: string[]): object {
    return new Proxy(value, {
      get: (target, key, receiver) => {
        const inner: unknown = Reflect.get(target, key, receiver);
        if (typeof key === 'symbol' || inner === undefined || typeof inner === 'function') return inner;
        if (Array.isArray(target) && key === 'length') return inner;
        const at = Array.isArray(target) ? path : [...path, key];
        if (typeof inner === 'object' && inner !== null) return this.watch(inner, at);
        this.read.push({ path: at, names: false });
        return inner;
      },
      ownKeys: (target) => {
        if (!Array.isArray(target)) this.read.push({ path, names: true });
        return Reflect.ownKeys(target);
      },
    });
  }
}

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

const arbitraryExpression = fc.oneof(arbitraryText, { arbitrary: arbitrarySense, weight: 2 });
