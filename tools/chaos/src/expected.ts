import type { Call } from '@percorso/demo';
import { bounces, type Person, personOf } from './shop-life';

/** Who is in which audience, by user id, as a plain reading of the calls in their order says. */
export interface Expected {
  vips: Set<string>;
  buyers: Set<string>;
}

export function expectedMembers(calls: readonly Call[]): Expected {
  const vips = new Set<string>();
  const buyers = new Set<string>();
  for (const { type, userId, event, traits } of calls) {
    if (userId === undefined) continue;
    if (type === 'track' && event === 'Order Completed') buyers.add(userId);
    if (type !== 'identify' || traits?.tier === undefined) continue;
    if (traits.tier === 'vip') vips.add(userId);
    else vips.delete(userId);
  }
  return { vips, buyers };
}

/** What must become of a member's message. */
export type Fate = 'accepted' | 'rejected' | 'suppressed' | 'dropped';

export const personOfUser = (userId: string): Person => personOf(Number(userId.slice(2)));

/** By e-mail: no address, no consent, no mailbox, or it arrives. */
export function fateByMail({ email, consents }: Person): Fate {
  if (email === undefined) return 'dropped';
  if (!consents) return 'suppressed';
  return bounces(email) ? 'rejected' : 'accepted';
}

/** By text message or push: everybody has an address. */
export const fateByPhone = ({ consents }: Person): Fate => (consents ? 'accepted' : 'suppressed');
