import { HARD } from './hard-values';

const DAY = 86_400_000;

/**
 * What some people do on a day: late events, two at one instant, consent in every form, logins.
 * @param item an item of a type, which occurred `ago` milliseconds before it comes
 */
export function dayOf(
  day: number,
  people: number,
  item: (type: string, fields: object, ago?: number) => object,
): object[] {
  return Array.from({ length: people }, (_, n) => [
    item('track', { userId: `u${n}`, event: 'Seen', properties: { day, n, ...HARD } }, (day % 3) * DAY),
    item(
      'track',
      { userId: `u${n}`, event: ['Seen', 'Bought', "Quote'd"][day % 3], properties: { n } },
      (day % 3) * DAY,
    ),
    item('track', { anonymousId: `a${n}`, event: 'Bought', properties: { day } }, 1000),
    item(
      'page',
      {
        userId: `u${n}`,
        context: { ip: '192.0.2.1', consent: { categoryPreferences: { sms: day % 2 === 0 } } },
      },
      2000,
    ),
    ...(day === n
      ? [item('identify', { userId: `u${n}`, anonymousId: `a${n}`, traits: { day, ...HARD } })]
      : []),
    ...(day === n + 1
      ? [item('track', { userId: `u${n}`, event: 'Unsubscribed', properties: { topic: 'x' } })]
      : []),
    ...(day === 2 ? [item('group', { userId: `u${n}`, groupId: `g${n}`, traits: { plan: 'pro' } })] : []),
  ]).flat();
}
