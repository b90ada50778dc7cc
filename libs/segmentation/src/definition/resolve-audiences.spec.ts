import type { WrittenDefinition } from './definition';
import { LIMITS, parseDefinition } from './parse-definition';
import { type LookUp, resolveAudiences } from './resolve-audiences';

const id = (n: number): string => `0197a6d0-1111-7222-8333-${String(n).padStart(12, '0')}`;
const audience = (n: number): object => ({ audience: { id: id(n) } });
const trait = { trait: { path: 'a', op: 'exists' } };

function written(where: object): WrittenDefinition {
  const parsed = parseDefinition({ version: 1, where });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
  return parsed.definition;
}

const known =
  (conditions: Record<number, object>): LookUp =>
  (wanted) => {
    const found = Object.entries(conditions).find(([n]) => id(Number(n)) === wanted);
    return found ? written(found[1]) : 'unknown-audience';
  };

describe('resolveAudiences', () => {
  const errorsOf = (where: object, lookUp: LookUp, self?: string): unknown => {
    const resolved = resolveAudiences(written(where), lookUp, self);
    return resolved.ok ? [] : resolved.errors.map(({ pointer, code }) => [pointer, code]);
  };

  it('makes of imported the list of the audience that says it', () => {
    const lookUp = known({ 1: { imported: true } });
    const where = { any: [{ imported: true }, audience(1)] };
    expect(resolveAudiences(written(where), lookUp, id(9))).toMatchObject({
      definition: {
        where: {
          conditions: [
            { kind: 'list', audience: id(9) },
            { kind: 'list', audience: id(1) },
          ],
        },
      },
    });
    expect(errorsOf(where, lookUp)).toEqual([['/where/any/0/imported', 'no-audience']]);
  });

  it('puts conditions in the place of ids, however deep', () => {
    const lookUp = known({ 1: { not: audience(2) }, 2: { any: [trait, trait] } });
    expect(resolveAudiences(written({ all: [trait, audience(1), { not: audience(2) }] }), lookUp)).toEqual({
      ok: true,
      definition: written({
        all: [trait, { not: { any: [trait, trait] } }, { not: { any: [trait, trait] } }],
      }),
    });
  });

  it('refuses circles, through itself and among others, and what is not there, each at its place', () => {
    const lookUp = known({
      1: { not: audience(2) },
      2: audience(1),
      3: trait,
      4: audience(9),
      5: audience(7),
    });
    expect(errorsOf({ any: [audience(3), { not: audience(1) }] }, lookUp)).toEqual([
      ['/where/any/1/not/audience/id', 'cycle'],
    ]);
    expect(errorsOf(audience(5), lookUp, id(5))).toEqual([['/where/audience/id', 'cycle']]);
    expect(
      errorsOf(
        { all: [audience(3), audience(5)] },
        known({ 3: trait, 5: audience(7), 7: audience(6) }),
        id(6),
      ),
    ).toEqual([['/where/all/1/audience/id', 'cycle']]);
    expect(errorsOf({ all: [audience(8), trait, audience(4)] }, lookUp)).toEqual([
      ['/where/all/0/audience/id', 'unknown-audience'],
      ['/where/all/2/audience/id', 'unknown-audience'],
    ]);
    expect(errorsOf(audience(1), () => 'archived-audience')).toEqual([
      ['/where/audience/id', 'archived-audience'],
    ]);
  });

  it('counts leaves and depth of the result, at once where audiences double audiences', () => {
    const many = (count: number): object => ({ all: Array.from({ length: count }, () => trait) });
    const hundred = known({ 1: many(100) });
    expect(errorsOf({ any: [audience(1), audience(1)] }, hundred)).toEqual([]);
    expect(errorsOf({ any: [audience(1), audience(1), trait] }, hundred)).toEqual([['/where', 'too-many']]);
    expect(errorsOf({ any: [many(101), audience(1)] }, hundred)).toEqual([
      ['/where/any/1/audience/id', 'too-many'],
    ]);
    const doubling: LookUp = (wanted) => {
      const n = Number(wanted.slice(-4));
      return written(n === 0 ? trait : { all: [audience(n - 1), audience(n - 1)] });
    };
    expect(errorsOf(audience(7), doubling)).toEqual([]);
    expect(errorsOf(audience(25), doubling)).toEqual([['/where/audience/id', 'too-many']]);
    const chain: LookUp = (wanted) => {
      const n = Number(wanted.slice(-4));
      return written(n === 0 ? trait : audience(n - 1));
    };
    expect(errorsOf(audience(LIMITS.depth - 2), chain)).toEqual([]);
    expect(errorsOf(audience(LIMITS.depth - 1), chain)).toEqual([['/where/audience/id', 'too-deep']]);
  });
});
