import { ErasureService } from '@percorso/profile';
import type { StreamWorld } from '../stream/stream-world';

/** For specs: what persons do, by their user ids, and the accounts they join. */
export class AccountStory {
  private serial = 0;

  constructor(private readonly world: StreamWorld) {}

  /** @param ago milliseconds */
  said(type: string, userId: string, ago: number, rest: object): object {
    const { world } = this;
    return {
      ...{ type, userId, messageId: `m${++this.serial}` },
      timestamp: new Date(world.clock.now().getTime() - ago).toISOString(),
      ...rest,
    };
  }

  order(userId: string, ago = 1): object {
    return this.said('track', userId, ago, { event: 'Order Completed' });
  }

  joins(userId: string, groupId: string, traits: object = {}): object {
    return this.said('group', userId, 0, { groupId, traits });
  }

  identify(userId: string, traits: object, more: object = {}): object {
    return this.said('identify', userId, 0, { traits, ...more });
  }

  async erase(value: string): Promise<void> {
    const { world } = this;
    await world.get(ErasureService).begin(world.workspaceId, 'spec', { namespace: 'user_id', value });
    await world.stream();
  }

  async newAudience(where: object): Promise<string> {
    const id = await this.world.newAudience({ accountMember: where });
    await this.world.evaluate(id);
    return id;
  }
}

export const bought = (where: object = {}): object => ({ event: { name: 'Order Completed', ...where } });
export const boughtLately = bought({ within: { last: '30d' }, measure: 'count', op: 'gte', value: 2 });
export const isTrait = (path: string, value: unknown): object => ({ path, op: 'eq', value });
