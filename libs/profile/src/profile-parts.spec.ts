import { addConsent, consentFor, consentOf, ConsentStamps, plainConsent } from './consent';
import { addSaying, emptyFragment, mergeFragments } from './fragment';
import { flatten } from './flatten';
import { LATEST, TraitRanks } from './merge-policy/trait-ranks';
import { addTraits, plainTraits, SaidTraits } from './said-trait';

const stamp = (at: string, pos: number) => ({ source: 'web', at: `2026-01-${at}T00:00:00.000Z`, pos });

describe('traits', () => {
  it('the latest by occurrence wins, then by position; a removal outlives earlier values', () => {
    const traits: SaidTraits = {};
    expect(addTraits(traits, [['plan', 'pro']], stamp('05', 1))).toBe(true);
    expect(addTraits(traits, [['plan', 'free']], stamp('04', 2))).toBe(false);
    expect(addTraits(traits, [['plan', 'gold']], stamp('05', 3))).toBe(true);
    addTraits(traits, [['city', null]], stamp('06', 4));
    addTraits(traits, [['city', 'Rome']], stamp('05', 5));
    expect(plainTraits(traits)).toEqual({ plan: 'gold' });
    expect(traits.plan).toEqual({ value: 'gold', ...stamp('05', 3) });
  });

  it('named like what every object has, are traits; __proto__ changes nothing', () => {
    const traits: SaidTraits = {};
    addTraits(traits, Object.entries(JSON.parse('{"__proto__":{"x":1},"constructor":"c"}')), stamp('01', 1));
    expect(plainTraits(traits)).toEqual({ constructor: 'c' });
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it('fragments merge alike in any order', () => {
    const one = emptyFragment(new Date('2026-01-02'));
    const two = emptyFragment(new Date('2026-01-01'));
    const said = (pos: number, at: string, plan: string, group: string) => ({
      traits: [['plan', plan]] as const,
      consent: [{ channel: 'email', topic: '*', state: 'granted' as const }],
      group,
      stamp: stamp(at, pos),
      occurredAt: new Date(`2026-01-${at}`),
    });
    addSaying(one, said(1, '03', 'pro', 'b'));
    addSaying(two, said(2, '04', 'free', 'a'));
    const latest = new TraitRanks(LATEST);
    expect(mergeFragments([one, two], latest)).toEqual(mergeFragments([two, one], latest));
    expect(mergeFragments([one, two], latest)).toMatchObject({
      groups: ['a', 'b'],
      firstSeen: new Date('2026-01-01'),
    });
  });
});

describe('consent', () => {
  it('comes from preferences of any call, the trait consent, and Unsubscribed', () => {
    const categoryPreferences = { email: true, 'email:newsletter': false, sms: 'granted', push: 3 };
    expect(consentOf({ type: 'track', event: 'X', context: { consent: { categoryPreferences } } })).toEqual([
      { channel: 'email', topic: '*', state: 'granted' },
      { channel: 'email', topic: 'newsletter', state: 'denied' },
      { channel: 'sms', topic: '*', state: 'granted' },
    ]);
    expect(consentOf({ type: 'identify', traits: { consent: { email: false } } })).toEqual([
      { channel: 'email', topic: '*', state: 'denied' },
    ]);
    expect(consentOf({ type: 'track', event: 'Unsubscribed', properties: {} })).toEqual([
      { channel: 'email', topic: '*', state: 'denied' },
    ]);
    expect(
      consentOf({ type: 'track', event: 'Unsubscribed', properties: { channel: 'sms', topic: 'offers' } }),
    ).toEqual([{ channel: 'sms', topic: 'offers', state: 'denied' }]);
  });

  it('a denial of channel or topic denies, a grant of either grants, silence is unknown', () => {
    const stamps: ConsentStamps = {};
    addConsent(stamps, { channel: 'email', topic: '*', state: 'granted' }, stamp('02', 1));
    addConsent(stamps, { channel: 'email', topic: '*', state: 'denied' }, stamp('01', 2));
    addConsent(stamps, { channel: 'email', topic: 'news', state: 'denied' }, stamp('01', 3));
    const consent = plainConsent(stamps);
    expect(consent).toEqual({ email: { '*': 'granted', news: 'denied' } });
    expect(consentFor(consent, 'email')).toBe('granted');
    expect(consentFor(consent, 'email', 'news')).toBe('denied');
    expect(consentFor(consent, 'email', 'other')).toBe('granted');
    expect(consentFor(consent, 'sms')).toBe('unknown');
    expect(consentFor(consent, 'constructor')).toBe('unknown');
    expect(consentFor({ email: { '*': 'denied', news: 'granted' } }, 'email', 'news')).toBe('denied');
  });
});

describe('flattening', () => {
  it('joins keys by dots, keeps decimals exact, keeps arrays whole, leaves out null', () => {
    expect(
      flatten({
        price: 12.34,
        tiny: 1e-9,
        a: { b: { c: 'x', d: true } },
        tags: ['a', 1, '1', true, 0.1, null, ['b'], { c: 1 }, 1e30],
        none: null,
        huge: 1e30,
      }),
    ).toEqual({
      numbers: { price: '12.34', tiny: '0.000000001' },
      strings: { 'a.b.c': 'x', tags: '["a",1,"1",true,0.1,null,["b"],{"c":1},1e+30]' },
      booleans: { 'a.b.d': true },
      lists: { tags: ['sa', 'n1', 's1', 'btrue', 'n0.1'] },
    });
  });
});
