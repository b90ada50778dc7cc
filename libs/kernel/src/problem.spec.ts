import { contentHash, canonicalJson } from './canonical-json';
import { ManualClock } from './clock';
import { Problem } from './problem';

describe('Problem', () => {
  it('becomes an RFC 9457 document without its cause', () => {
    const problem = new Problem({
      status: 422,
      code: 'invalid',
      title: 'Invalid request',
      detail: 'The request has invalid fields.',
      errors: [{ pointer: '/name', code: 'required', message: 'name is required' }],
      cause: new Error('secret'),
    });
    expect(problem.toDocument()).toEqual({
      type: 'urn:percorso:problem:invalid',
      title: 'Invalid request',
      status: 422,
      code: 'invalid',
      detail: 'The request has invalid fields.',
      errors: [{ pointer: '/name', code: 'required', message: 'name is required' }],
    });
    expect(Problem.notFound('Audience').toDocument()).toMatchObject({
      status: 404,
      title: 'Audience not found',
    });
  });
});

describe('contentHash', () => {
  it('does not depend on the order of keys, but on that of items', () => {
    expect(canonicalJson({ b: 1, a: { d: [2, 1], c: null } })).toBe('{"a":{"c":null,"d":[2,1]},"b":1}');
    expect(contentHash({ a: 1, b: 2 })).toBe(contentHash({ b: 2, a: 1 }));
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
  });
});

describe('ManualClock', () => {
  it('moves only when told, and hands out copies', () => {
    const clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
    clock.now().setFullYear(1999);
    clock.advance(1500);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:01.500Z');
    clock.set(new Date(0));
    expect(clock.now().getTime()).toBe(0);
  });
});
