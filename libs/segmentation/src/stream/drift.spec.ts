import { EvaluationService } from '../evaluation/evaluation.service';
import { Evaluator } from '../evaluation/evaluator';
import { MembershipStore } from '../membership/membership.store';
import { Sequencer } from '../membership/sequencer';
import { driftFound } from './stream-metrics';
import type { StreamWorld } from './stream-world';
import { useStreamWorld } from './stream-fixture';

const [HOUR, DAY] = [3_600_000, 86_400_000];
const twiceAMonth = {
  event: { name: 'Order Completed', within: { last: '30d' }, measure: 'count', op: 'gte', value: 2 },
};

describe('drift', () => {
  let world: StreamWorld;
  let serial = 0;

  useStreamWorld((started) => (world = started));

  const order = (userId: string): object => ({
    type: 'track',
    messageId: `m${++serial}`,
    timestamp: new Date(world.clock.now().getTime() - 1).toISOString(),
    event: 'Order Completed',
    userId,
  });

  it('is found where memberships were tampered with, healed, and told', async () => {
    await world.say(order('ann'), order('ann'), order('bob'), order('bob'));
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.database.tx(world.workspaceId, async (tx) => {
      await tx.query('UPDATE membership SET member = false WHERE workspace_id = $1 AND person = 2', [
        tx.workspaceId,
      ]);
      await tx.query('DELETE FROM profile_wake WHERE workspace_id = $1', [tx.workspaceId]);
    });
    expect(await world.evaluate(audience)).toMatchObject({ drift: 1, entered: 1, exited: 0 });
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });
    // The lost wake: the next sweep finds it again.
    world.clock.advance(30 * DAY + HOUR);
    await world.sweep();
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
  });

  it('is left to be found and told by a sweep, which wakes nobody whom time does not move', async () => {
    world.clock.advance(HOUR / 2);
    await world.say(order('ann'), order('ann'), order('bob'), order('bob'));
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query('UPDATE membership SET member = false WHERE workspace_id = $1 AND person = 2', [
        tx.workspaceId,
      ]),
    );
    await world.sweep();
    await world.stream();
    expect(await world.members(audience)).toEqual([1]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 1, entered: 1, exited: 0 });
  });

  it('is remembered of a try that broke off before its end', async () => {
    await world.say(order('ann'), order('ann'), order('bob'), order('bob'));
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query('UPDATE membership SET member = false WHERE workspace_id = $1', [tx.workspaceId]),
    );
    const draining = jest
      .spyOn(world.get(Sequencer), 'drain')
      .mockRejectedValueOnce(Object.assign(new Error('connection reset'), { code: 'ECONNRESET' }));
    const { id, ...tried } = await world.evaluate(audience);
    draining.mockRestore();
    expect(tried).toMatchObject({ state: 'running', entered: 2 });
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query('UPDATE evaluation SET lease_until = NULL WHERE workspace_id = $1', [tx.workspaceId]),
    );
    await world.get(Evaluator).evaluate(world.workspaceId, id);
    expect(await world.get(EvaluationService).get(world.workspaceId, id)).toMatchObject({
      state: 'done',
      entered: 2,
      drift: 2,
    });
  });

  it('of which half is healed is counted, and what led to it is read again, whatever becomes of the rest', async () => {
    const audience = await world.newAudience(twiceAMonth);
    await world.evaluate(audience);
    await world.say(order('ann'), order('ann'), order('bob'), order('bob'));
    await world.evaluate(audience);
    // Carl is in where Ann should be, and Bob is out: who leaves and who enters are written apart.
    await world.say(order('carl'));
    await world.database.tx(world.workspaceId, async (tx) => {
      await tx.query('UPDATE membership SET member = false WHERE workspace_id = $1 AND person = 2', [
        tx.workspaceId,
      ]);
      await tx.query('UPDATE membership SET person = 3 WHERE workspace_id = $1 AND person = 1', [
        tx.workspaceId,
      ]);
    });
    const [before, kept] = [await counted(), await world.state(3)];
    const memberships = world.get(MembershipStore);
    const applying = jest
      .spyOn(memberships, 'apply')
      .mockImplementationOnce((...all) => MembershipStore.prototype.apply.apply(memberships, all))
      .mockRejectedValueOnce(Object.assign(new Error('connection reset'), { code: 'ECONNRESET' }));
    expect(await world.evaluate(audience)).toMatchObject({ state: 'running', exited: 1 });
    applying.mockRestore();
    expect([await counted(), kept === undefined, await world.state(3)]).toEqual([
      before + 1,
      false,
      undefined,
    ]);
  });

  const counted = async (): Promise<number> => (await driftFound.get()).values[0]?.value ?? 0;
});
