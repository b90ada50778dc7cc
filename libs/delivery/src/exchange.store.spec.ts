import type { Wire } from '@percorso/connector';
import { newId } from '@percorso/kernel';
import type { OpenErasure } from '@percorso/profile';
import type { Database } from '@percorso/storage';
import { EffectPlace } from './effect.place';
import { dropExchanges, findExchange, forgetExchanges, keepExchanges } from './exchange.store';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';

const NOW = new Date('2026-03-01T00:00:00Z');
const exchange = {
  kind: 'stream',
  at: NOW.toISOString(),
  host: 'h',
  port: 25,
  sentBytes: 1,
  receivedBytes: 2,
} as const;

describe('what went over the wire', () => {
  let database: Database;
  let world: DeliveryWorld;
  let ids: string[];

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  /** Three rows of one call. */
  beforeEach(async () => {
    const connectorId = await world.connector();
    const alone = [1, 2, 3].map((person) => ({ person, syncId: undefined, key: `k${person}` }));
    await world.record(connectorId, newId(), alone, NOW);
    const rows = await database.statement<{ id: string }>(
      world.workspaceId,
      'SELECT id FROM effect WHERE workspace_id = $1 ORDER BY person',
      [world.workspaceId],
    );
    ids = rows.map(({ id }) => id);
    await keep(NOW, ids);
  });

  async function keep(at: Date, effects: readonly string[]): Promise<void> {
    const told: Wire['exchange'] = { ...exchange };
    const kept = effects.map((id, index) => ({
      id,
      wire: { exchange: told, items: effects.length, item: index + 1 },
    }));
    await database.tx(world.workspaceId, (tx) => keepExchanges(tx, kept, at));
  }
  const find = (id: string): Promise<Wire | undefined> =>
    database.tx(world.workspaceId, (tx) => findExchange(tx, id));
  async function count(): Promise<number> {
    const rows = await database.statement<{ count: number }>(
      world.workspaceId,
      'SELECT count(*)::int AS count FROM exchange WHERE workspace_id = $1',
      [world.workspaceId],
    );
    return rows[0]!.count;
  }

  it('is kept once for all rows of a call, with the place of each, until the last of them is done with', async () => {
    expect(await find(ids[1]!)).toEqual({ exchange, items: 3, item: 2 });
    expect(await count()).toBe(1);
    await database.tx(world.workspaceId, (tx) => dropExchanges(tx, ids.slice(0, 2)));
    expect(await Promise.all(ids.map(find))).toMatchObject([undefined, undefined, { item: 3 }]);
    expect(await count()).toBe(1);
    await database.tx(world.workspaceId, (tx) => dropExchanges(tx, ids));
    expect(await count()).toBe(0);
  });

  it('is the last: what a row was told before goes', async () => {
    await keep(NOW, ids.slice(0, 1));
    expect(await find(ids[0]!)).toMatchObject({ items: 1, item: 1 });
    await keep(NOW, ids);
    expect(await count()).toBe(1);
  });

  it('goes for all rows of a call when one of the persons is erased', async () => {
    const erasure = { persons: [2], requestedAt: NOW } as unknown as OpenErasure;
    await database.tx(world.workspaceId, (tx) => new EffectPlace().step(tx, erasure));
    expect(await Promise.all(ids.map(find))).toEqual([undefined, undefined, undefined]);
    expect(await count()).toBe(0);
  });

  it('is forgotten when it is old, and the oldest of too many', async () => {
    const later = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);
    for (const [index, id] of ids.entries()) await keep(later(10 + index), [id]);
    const forget = (before: Date, most: number): Promise<number> =>
      database.tx(world.workspaceId, (tx) => forgetExchanges(tx, { before, most, atOnce: 100 }));
    expect(await forget(later(10), 10)).toBe(0);
    expect(await forget(later(11), 10)).toBe(1);
    expect(await forget(later(0), 1)).toBe(0);
    await keep(later(20), ids.slice(0, 1));
    await keep(later(21), ids.slice(1, 2));
    expect(await forget(later(0), 1)).toBe(1);
    expect(await find(ids[1]!)).toBeDefined();
  });
});
