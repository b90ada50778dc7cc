import fc from 'fast-check';
import jsonata from 'jsonata';
import { tryCompile } from './compiled/compile-mapping';
import { loadNatives } from './compiled/runtime/natives';
import { beginRow } from './compiled/runtime/signals';
import { arbitraryExpression } from './expression-arbitraries';
import { fieldsRead } from './fields-read';
import { MappingRunner } from './mapping-runner';

const SEED = Number(process.env.PERCORSO_SEED);
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
    expect(await runner.fieldsRead('{"mail": profile.traits.email, "all": profile.traits}')).toEqual([
      { path: ['profile', 'traits', 'email'], position: 29 },
      { path: ['profile', 'traits'], position: 52 },
    ]);
    expect(await runner.fieldsRead('{{')).toEqual([{ path: [] }]);
    expect(await runner.fieldsRead(`${'('.repeat(20_000)}1${')'.repeat(20_000)}`)).toEqual([{ path: [] }]);
    runner.close();
  });

  it(
    `are never fewer than are read when it runs (seed ${SEED}, ${CASES} cases)`,
    async () => {
      const ran: Record<string, number> = { stock: 0, compiled: 0 };
      const natives = await loadNatives();
      let told = 0;
      let precise = 0;
      await fc.assert(
        fc.asyncProperty(arbitraryExpression, async (expression) => {
          let stock: jsonata.Expression;
          try {
            stock = jsonata(expression, { timeout: 100, stack: 200, sequence: 10_000 });
          } catch {
            return;
          }
          const reads = fieldsRead(stock.ast());
          const outcome = tryCompile(stock.ast(), natives);
          const ways: Record<string, (document: object) => unknown> = {
            stock: (document) => stock.evaluate(document),
            ...('refused' in outcome ? {} : { compiled: outcome.run }),
          };
          for (const [way, evaluate] of Object.entries(ways)) {
            const watched = new Watched();
            beginRow(0, 100);
            try {
              JSON.stringify(await evaluate(watched.document), withoutFunctions);
              ran[way]!++;
            } catch {
              // What it read until then counts all the same.
            }
            const missed = watched.read.filter(
              ({ path, names }) =>
                !reads.some((read) => isPrefix(read.path, path) || (!names && isPrefix(path, read.path))),
            );
            expect({ way, expression, missed, reads: missed.length ? reads : [] }).toEqual({
              way,
              expression,
              missed: [],
              reads: [],
            });
            if (way === 'stock') told += watched.read.length > 0 ? 1 : 0;
          }
          precise += reads.every(({ path }) => path.length > 0) ? 1 : 0;
        }),
        { seed: SEED, numRuns: CASES, endOnFailure: true },
      );
      expect(ran.stock).toBeGreaterThan(CASES / 4);
      expect(ran.compiled).toBeGreaterThan(CASES / 8);
      expect(told).toBeGreaterThan(CASES / 4);
      expect(precise).toBeGreaterThan(CASES / 5);
    },
    30_000 + CASES * 100,
  );
});

/** An output that holds a function is refused: nobody sees what the function holds. */
const withoutFunctions = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '_jsonata_lambda' in value ? undefined : value;

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
