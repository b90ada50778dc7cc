import { HIDDEN, hideAll, hideDiffering, hideQuoted, keysIn, withoutFields } from './redaction';

const showsAll = (): boolean => true;

it('keeps the shape, and nothing that may be a person’s', () => {
  const payload = { email: 'ada@example.com', tags: ['a', 2, null], 'ada@example.com': { deep: true } };
  const shows = keysIn('{"email": e, "tags": t, (e): {"deep": d}}');
  expect(hideAll(payload, shows)).toEqual({
    value: { email: HIDDEN, tags: [HIDDEN, HIDDEN, null], [`${HIDDEN}2`]: { deep: HIDDEN } },
    hidden: ['/email', '/tags/0', '/tags/1', `/${HIDDEN}2/deep`],
  });
});

it('hides what would be otherwise without the barred fields', () => {
  const value = { email: 'a@b.c', born: '2000-01-01', list: [1, 2], same: { x: 1 }, extra: 5 };
  const other = { email: 'a@b.c', list: [1], same: { x: 1 } };
  expect(hideDiffering(value, other, showsAll)).toEqual({
    value: { email: 'a@b.c', born: HIDDEN, list: [HIDDEN, HIDDEN], same: { x: 1 }, extra: HIDDEN },
    hidden: ['/born', '/list/0', '/list/1', '/extra'],
  });
  expect(hideDiffering(value, undefined, showsAll).hidden).toHaveLength(6);
});

it('leaves fields out of a copy', () => {
  const document = { profile: { traits: { address: { city: 'Rome', zip: '1' } } } };
  const path = ['profile', 'traits', 'address', 'city'];
  expect(withoutFields(document, [path, ['profile', 'none', 'such']])).toEqual({
    profile: { traits: { address: { zip: '1' } } },
  });
  expect(document.profile.traits.address.city).toBe('Rome');
});

it('takes what a provider quotes out of its words', () => {
  const payload = { email: 'ada@example.com', name: 'Ada', n: 12345, short: 'no' };
  expect(hideQuoted('no: ada@example.com (Ada) has 12345', payload)).toBe(
    `no: ${HIDDEN} (${HIDDEN}) has ${HIDDEN}`,
  );
  expect(hideQuoted(null, payload)).toBeNull();
});
