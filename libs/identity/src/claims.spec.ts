import { byPriority, claimsOf } from './claims';
import { DEFAULT_NAMESPACES } from './namespace';
import { normalizeIdentity } from './normalize-identity';

const namespaces = byPriority([
  ...DEFAULT_NAMESPACES,
  { code: 'crm_id', title: 'CRM', uniqueness: 'one', priority: 4, normalization: 'none' },
]);

describe('claims of an event', () => {
  it('come strongest first, in their normal form, each once', () => {
    const claims = claimsOf(
      {
        type: 'identify',
        userId: 'u1',
        anonymousId: 'a1',
        traits: { email: ' Ada@Example.COM ', phone: '+39 (06) 698-12345' },
        context: {
          device: { id: 'd1' },
          externalIds: [
            { type: 'crm_id', id: 77 },
            { type: 'email', id: 'ada@example.com' },
            { type: 'unheard_of', id: 'x' },
            'nonsense',
          ],
        },
      },
      namespaces,
    );
    expect(claims).toEqual([
      { namespace: 'user_id', value: 'u1' },
      { namespace: 'email', value: 'ada@example.com' },
      { namespace: 'phone', value: '+390669812345' },
      { namespace: 'crm_id', value: '77' },
      { namespace: 'device_id', value: 'd1' },
      { namespace: 'anonymous_id', value: 'a1' },
    ]);
  });

  it('takes email and phone from identify only: a group’s email is not the person’s', () => {
    const claims = claimsOf(
      { type: 'group', userId: 'u1', traits: { email: 'office@example.com' } },
      namespaces,
    );
    expect(claims).toEqual([{ namespace: 'user_id', value: 'u1' }]);
  });
});

describe('normal form of an identity', () => {
  it.each([
    ['+39 06 698 12345', '+390669812345'],
    ['0039 06-69812345', '+390669812345'],
    ['06 69812345', undefined],
    ['+0391234567', undefined],
    ['+1234567890123456', undefined],
  ])('phone %s is %s', (value, normal) => {
    expect(normalizeIdentity(value, 'e164')).toBe(normal);
  });

  it.each([[''], ['   '], ['x'.repeat(513)], ['a\u0000b'], ['\ud800'], [true], [null], [{}]])(
    'nobody is called %j',
    (value) => {
      expect(normalizeIdentity(value, 'none')).toBeUndefined();
    },
  );
});
