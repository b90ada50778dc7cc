import { Random } from '@percorso/demo';
import { expectedMembers, fateByMail, fateByPhone, personOfUser } from './expected';
import { ShopLife } from './shop-life';

describe('what the calls say', () => {
  it('goes by the last word on a tier, and by any purchase', () => {
    const at = { messageId: 'm', timestamp: '2026-01-01T00:00:00Z' };
    const tier = (userId: string, value: string) => ({
      ...at,
      type: 'identify' as const,
      userId,
      traits: { tier: value },
    });
    const { vips, buyers } = expectedMembers([
      tier('u-1', 'vip'),
      tier('u-2', 'vip'),
      { ...at, type: 'track', userId: 'u-2', event: 'Order Completed' },
      { ...at, type: 'track', anonymousId: 'a-3', event: 'Order Completed' },
      { ...at, type: 'track', userId: 'u-1', event: 'Product Viewed' },
      tier('u-1', 'none'),
      { ...at, type: 'identify', userId: 'u-2', traits: { firstName: 'Bob' } },
    ]);
    expect([...vips]).toEqual(['u-2']);
    expect([...buyers]).toEqual(['u-2']);
  });

  it('knows who has no address, no consent and no mailbox', () => {
    const fates = (user: string) => [fateByMail(personOfUser(user)), fateByPhone(personOfUser(user))];
    expect(fates('u-0')).toEqual(['accepted', 'accepted']);
    expect(fates('u-5')).toEqual(['dropped', 'accepted']);
    expect(fates('u-7')).toEqual(['suppressed', 'suppressed']);
    expect(fates('u-3')).toEqual(['rejected', 'accepted']);
  });

  it('is the same story for the same seed, in which everybody’s times rise', () => {
    const story = (seed: number) => {
      const life = new ShopLife(new Random(seed), () => 0);
      return Array.from({ length: 500 }, () => life.next()).flat();
    };
    expect(story(3)).toEqual(story(3));
    const times = story(3).map(({ timestamp }) => Date.parse(String(timestamp)));
    expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
    const { vips, buyers } = expectedMembers(story(3));
    expect(Math.min(vips.size, buyers.size)).toBeGreaterThan(20);
  });
});
