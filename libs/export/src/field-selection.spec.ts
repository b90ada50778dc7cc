import type { ProfileDocument } from '@percorso/profile';
import { selectFields } from './field-selection';

const document: ProfileDocument = {
  id: 'p',
  person: 1,
  traits: { firstName: 'Ada', address: { city: 'Roma' }, tags: ['a'], 'no value': null },
  identities: { email: ['first@x.it', 'second@x.it'] },
  consent: { email: { '*': 'granted', news: 'denied' } },
  groups: ['g'],
  firstSeen: new Date(0),
  lastSeen: new Date(1),
};

describe('selectFields', () => {
  it('reads each field of a profile, in the order asked for', () => {
    const list =
      'identities.email,traits.firstName,traits.address.city,traits.address,consent.email,groups,lastSeen,' +
      'identities.phone,traits.none.deep,traits.tags.0,consent.sms,traits.constructor,identities.constructor';
    const fields = selectFields(list);
    expect(fields.map(({ name }) => name)).toEqual(list.split(','));
    expect(fields.map(({ read }) => read(document))).toEqual([
      'first@x.it',
      'Ada',
      'Roma',
      { city: 'Roma' },
      'granted',
      ['g'],
      new Date(1),
      ...Array<undefined>(6).fill(undefined),
    ]);
    expect(selectFields(undefined)).toEqual([]);
  });

  it.each([
    'email',
    'traits',
    'traits.',
    'traits..a',
    'identities.email.x',
    'groups.a',
    'person',
    'a b',
    'groups,groups',
  ])('refuses %p', (list) =>
    expect(() => selectFields(list)).toThrow(expect.objectContaining({ status: 422 })),
  );
});
