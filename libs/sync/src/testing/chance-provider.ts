import { type Lane, type OutgoingItem, ProviderGateway } from '@percorso/delivery';
import type { LookupResult, Operation, Verdict } from '@percorso/plugin-kit';

export type Chance = 'accept' | 'reject' | 'later' | 'arrive-unheard' | 'lose-unheard';

const CALL = { idempotency: 'none', batch: 3, perSecond: 100_000 } as const;

/** A target that tells no second send from the first, answers as it is told, and notes what reached it once too often. */
export class ChanceProvider extends ProviderGateway {
  /** What becomes of the next items, one each; everything is taken when there is none left. */
  chances: Chance[] = [];
  /** Intents that it took, and those of which the hub cannot know. */
  readonly taken = new Set<string>();
  readonly unheard = new Map<string, 'arrived' | 'lost'>();
  /** Intents that came again although the hub knew of them, or could not know. */
  readonly doubled: string[] = [];

  async describe(): Promise<Lane> {
    return { kind: 'campaign', capabilities: { upsert: CALL, remove: CALL }, lookup: false };
  }

  async deliver(_w: string, _c: string, _o: Operation, items: OutgoingItem[]): Promise<Verdict[]> {
    return items.map(({ key }) => this.take(key));
  }

  async lookup(_w: string, _c: string, items: OutgoingItem[]): Promise<LookupResult[]> {
    return items.map(() => 'unknown');
  }

  private take(key: string): Verdict {
    if (this.taken.has(key) || this.unheard.has(key)) this.doubled.push(key);
    switch (this.chances.shift() ?? 'accept') {
      case 'accept':
        this.taken.add(key);
        return { status: 'accepted' };
      case 'reject':
        return { status: 'rejected', code: 'refused', reason: 'No.' };
      case 'later':
        return { status: 'retry', code: 'busy' };
      case 'arrive-unheard':
        this.unheard.set(key, 'arrived');
        return { status: 'unknown', code: 'no-answer' };
      case 'lose-unheard':
        this.unheard.set(key, 'lost');
        return { status: 'unknown', code: 'no-answer' };
    }
  }
}
