import { newId } from '@percorso/kernel';
import type { Database } from '@percorso/storage';
import type { Verdict } from '@percorso/plugin-kit';
import { DEFAULT_DELIVERY } from './delivery-options';
import type { NewEffect } from './effect';
import { recordEffects } from './effect-ledger';
import { type EffectNews, forgetEffectNews, readEffectNews } from './effect-news';
import { decide, settle } from './effect.store';
import { type Outcome, outcomeOf, RESPONSE_TOO_LARGE } from './outcome';
import type { Lane } from './provider-gateway';
import { useDeliveryWorld } from './testing/delivery-fixture';
import type { DeliveryWorld } from './testing/delivery-world';

const NOW = new Date('2026-03-01T00:00:00Z');
const EVERYBODY = { partitions: [0], of: 1 };

describe('news of effects', () => {
  let database: Database;
  let world: DeliveryWorld;
  let connectorId: string;

  useDeliveryWorld((made, used) => {
    world = made;
    database = used;
  });

  beforeEach(async () => {
    connectorId = await world.connector();
  });

  const effect = (person: number, more: Partial<NewEffect> = {}): NewEffect => ({
    ...{ key: `journey:i:${person}`, connectorId, person, profileId: newId(), operation: 'send' },
    ...{ payload: { text: 'hello' }, watched: true, ...more },
  });
  const record = (...effects: NewEffect[]): Promise<number> =>
    database.tx(world.workspaceId, (tx) => recordEffects(tx, effects, NOW));
  const news = (share = EVERYBODY): Promise<EffectNews[]> =>
    database.tx(world.workspaceId, (tx) => readEffectNews(tx, share, 100));
  const idOf = async (person: number): Promise<string> => {
    const { rows } = await database.tx(world.workspaceId, (tx) =>
      tx.query<{ id: string }>('SELECT id FROM effect WHERE workspace_id = $1 AND person = $2', [
        tx.workspaceId,
        person,
      ]),
    );
    return rows[0]!.id;
  };
  const ends = async (person: number, outcome: Outcome, at = NOW): Promise<void> => {
    const id = await idOf(person);
    await database.tx(world.workspaceId, (tx) => decide(tx, [{ id, outcome }], at));
  };

  it('is told when a watched effect ends, and of no other', async () => {
    await record(effect(1), effect(2, { watched: false }), effect(3));
    expect(await news()).toEqual([]);
    await ends(1, { state: 'accepted', providerId: 'p-1' });
    await ends(2, { state: 'accepted' });
    await ends(3, { state: 'rejected', reason: { code: 'no-such-number' } });
    expect(await news()).toMatchObject([
      { key: 'journey:i:1', person: 1, effectId: await idOf(1), state: 'accepted', at: NOW },
      { key: 'journey:i:3', person: 3, state: 'rejected', code: 'no-such-number' },
    ]);
  });

  it('is told at once of one that its mapping dropped', async () => {
    await record(effect(1, { payload: undefined, dropped: { code: 'no-output' } }));
    expect(await news()).toMatchObject([{ person: 1, state: 'dropped', code: 'no-output' }]);
  });

  it('is not told of a doubt that may still be resolved, but of one that is listed', async () => {
    await record(effect(1));
    await ends(1, { state: 'unknown', reason: { code: 'timeout' }, dueAt: new Date(NOW.getTime() + 1000) });
    expect(await news()).toEqual([]);
    await ends(1, { state: 'unknown', reason: { code: 'unresolved' }, dueAt: 'never' });
    expect(await news()).toMatchObject([{ state: 'unknown', code: 'unresolved' }]);
    await ends(1, { state: 'accepted' });
    expect((await news()).map(({ state }) => state)).toEqual(['unknown', 'accepted']);
  });

  it('hands over what a call answered, whatever it holds, and keeps it with an effect that is watched', async () => {
    const response = { code: 'A\u0000B', 'k\u0000': ['\\u0000', '\\\u0000'], n: 1.5 };
    await record(effect(1, { operation: 'call' }), effect(2, { operation: 'call', watched: false }));
    await database.tx(world.workspaceId, async (tx) => {
      await tx.query(`UPDATE effect SET state = 'sending', fence = 7 WHERE workspace_id = $1`, [
        tx.workspaceId,
      ]);
      const outcome: Outcome = { state: 'accepted', response };
      const outcomes = [await idOf(1), await idOf(2)].map((id) => ({ id, outcome }));
      expect(await settle(tx, { fence: '7', startedAt: NOW }, outcomes, NOW)).toBe(2);
    });
    expect(await news()).toMatchObject([
      { person: 1, state: 'accepted', response: { code: 'AB', k: ['\\u0000', '\\'], n: 1.5 } },
    ]);
    const { rows } = await database.tx(world.workspaceId, (tx) =>
      tx.query<{ person: number; kept: boolean }>(
        'SELECT person, response IS NOT NULL AS kept FROM effect WHERE workspace_id = $1 ORDER BY person',
        [tx.workspaceId],
      ),
    );
    expect(rows).toEqual([
      { person: 1, kept: true },
      { person: 2, kept: false },
    ]);
  });

  it('says of a response that was too large that it is lost', async () => {
    await record(effect(1, { operation: 'call' }));
    const verdict: Verdict = { status: 'accepted', responseProblem: 'too-large' };
    const capability = { idempotency: 'none', batch: 1, perSecond: 1 } as const;
    const lane = { capabilities: { call: capability }, lookup: false } as unknown as Lane;
    const situation = { attempt: 1, doubtfulSince: null, now: NOW, random: () => 0 };
    await ends(1, outcomeOf(verdict, lane, capability, situation, DEFAULT_DELIVERY));
    expect(await news()).toMatchObject([{ state: 'accepted', code: RESPONSE_TOO_LARGE, response: null }]);
  });

  it('comes and goes with the transaction, and to whom the person belongs', async () => {
    await record(effect(4), effect(5));
    const id = await idOf(4);
    await expect(
      database.tx(world.workspaceId, async (tx) => {
        await decide(tx, [{ id, outcome: { state: 'accepted' } }], NOW);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    expect(await news()).toEqual([]);
    await ends(4, { state: 'accepted' });
    await ends(5, { state: 'accepted' });
    const even = await news({ partitions: [0], of: 2 });
    expect(even.map(({ person }) => person)).toEqual([4]);
    const forget = (): Promise<number> =>
      database.tx(world.workspaceId, (tx) =>
        forgetEffectNews(
          tx,
          even.map(({ n }) => n),
        ),
      );
    expect(await forget()).toBe(1);
    expect(await forget()).toBe(0);
    expect((await news()).map(({ person }) => person)).toEqual([5]);
  });
});
