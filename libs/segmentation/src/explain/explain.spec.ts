import { LookupService } from '../lookup/lookup.service';
import type { StreamWorld } from '../stream/stream-world';
import { useStreamWorld } from '../stream/stream-fixture';
import { ExplainService, type ExplainedMembership } from './explain.service';

const DAY = 86_400_000;

describe('ExplainService', () => {
  let world: StreamWorld;
  let serial = 0;

  useStreamWorld((started) => (world = started));

  const ago = (ms: number): Date => new Date(world.clock.now().getTime() - ms);
  const order = (revenue: number, back: number): { messageId: string } =>
    ({
      ...{ type: 'track', userId: 'ann', event: 'Order Completed', properties: { revenue } },
      messageId: `o${++serial}`,
      timestamp: ago(back).toISOString(),
    }) as { messageId: string };

  async function profileId(): Promise<string> {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ id: string }>(
        `SELECT id FROM profile WHERE workspace_id = $1 AND state = 'active' LIMIT 1`,
        [world.workspaceId],
      ),
    );
    return rows[0]!.id;
  }
  const explain = async (audience: string, at?: Date): Promise<ExplainedMembership> =>
    world.get(ExplainService).explain(world.workspaceId, audience, await profileId(), at);

  it('shows, condition by condition, the values, the events and when time changes the answer', async () => {
    const audience = await world.newAudience({
      all: [
        {
          event: {
            name: 'Order Completed',
            within: { last: '90d' },
            measure: { sum: 'revenue' },
            op: 'gt',
            value: 100,
          },
        },
        { not: { trait: { path: 'tier', op: 'eq', value: 'gold' } } },
        {
          any: [
            { consent: { channel: 'email', is: 'granted' } },
            { consent: { channel: 'sms', is: 'unknown' } },
          ],
        },
      ],
    });
    await world.evaluate(audience);
    const [small, large] = [order(40.1, 10 * DAY), order(70.2, 80 * DAY)];
    await world.say(small, large, {
      type: 'identify',
      messageId: 'i',
      userId: 'ann',
      traits: { tier: 'silver' },
    });
    const found = await explain(audience);
    expect(found).toMatchObject({ holds: true, member: true, where: { pointer: '/where', kind: 'all' } });
    const [spent, tier, reachable] = found.where.conditions!;
    expect(spent).toEqual({
      pointer: '/where/all/0/event',
      kind: 'event',
      holds: true,
      nextChangeAt: new Date(ago(80 * DAY).getTime() + 90 * DAY + 1),
      evidence: {
        value: '110.3',
        window: { from: ago(90 * DAY), to: world.clock.now() },
        events: [
          { messageId: small.messageId, at: ago(10 * DAY) },
          { messageId: large.messageId, at: ago(80 * DAY) },
        ],
        total: 2,
      },
    });
    expect(tier).toMatchObject({
      kind: 'not',
      holds: true,
      conditions: [{ pointer: '/where/all/1/not/trait', holds: false, evidence: { value: 'silver' } }],
    });
    expect(reachable?.conditions?.map(({ holds, evidence }) => [holds, evidence?.value])).toEqual([
      [false, 'unknown'],
      [true, 'unknown'],
    ]);
    expect(found.nextChangeAt).toEqual(spent?.nextChangeAt);
    world.clock.set(found.nextChangeAt!);
    await world.sweep();
    await world.stream();
    expect(await explain(audience)).toMatchObject({ holds: false, member: false });
  });

  it('tells a past moment by what had come by then', async () => {
    const audience = await world.newAudience({
      all: [
        { trait: { path: 'tier', op: 'eq', value: 'gold' } },
        { event: { name: 'Order Completed', within: { last: '7d' } } },
      ],
    });
    await world.say(
      { type: 'identify', messageId: 'i1', userId: 'ann', traits: { tier: 'gold' } },
      order(10, DAY),
    );
    const then = new Date(world.clock.now().getTime() + 1);
    world.clock.advance(2 * DAY);
    await world.say({ type: 'identify', messageId: 'i2', userId: 'ann', traits: { tier: null } });
    // Occurred long ago, came only now.
    await world.say(order(20, 6 * DAY));
    expect(await explain(audience)).toMatchObject({ holds: false, member: false });
    const past = await explain(audience, then);
    expect(past).toMatchObject({ at: then, holds: true, member: false });
    expect(past.where.conditions?.[1]?.evidence?.total).toBe(1);
    await expect(explain(audience, new Date(world.clock.now().getTime() + 1))).rejects.toMatchObject({
      status: 422,
      errors: [{ pointer: '/at' }],
    });
  });

  it('explains the audiences an audience uses', async () => {
    const buyers = await world.newAudience({ event: { name: 'Order Completed' } });
    const audience = await world.newAudience({ not: { audience: { id: buyers } } });
    await world.say(order(10, DAY));
    expect((await explain(audience)).where).toMatchObject({
      kind: 'not',
      holds: false,
      conditions: [
        {
          kind: 'audience',
          holds: true,
          evidence: { audienceId: buyers },
          conditions: [{ pointer: '/where/event', holds: true, evidence: { value: '1' } }],
        },
      ],
    });
  });

  it('looks items up as the audience does', async () => {
    const audience = await world.newAudience({
      event: {
        name: 'Order Completed',
        where: [{ path: 'sku', lookup: 'product', field: 'category', op: 'eq', value: 'shoes' }],
      },
    });
    await world.get(LookupService).put(world.workspaceId, 'product', 'boot', { category: 'shoes' }, 'spec');
    await world.say({ ...order(10, DAY), properties: { sku: 'boot' } });
    expect(await explain(audience)).toMatchObject({
      holds: true,
      member: true,
      where: { evidence: { value: '1', total: 1 } },
    });
  });

  it('shows which item a trait names, and what is looked at of it', async () => {
    const where = { path: 'home_store', lookup: 'store', field: 'region', op: 'eq', value: 'north' };
    const audience = await world.newAudience({ trait: where });
    await world.get(LookupService).put(world.workspaceId, 'store', '7', { region: 'north' }, 'spec');
    await world.say({
      type: 'identify',
      messageId: 'store',
      userId: 'ann',
      traits: { home_store: 7 },
    });
    expect((await explain(audience)).where).toMatchObject({
      holds: true,
      evidence: { key: '7', value: 'north' },
    });
  });

  it('knows no other audience and no other profile', async () => {
    const audience = await world.newAudience({ event: { name: 'Order Completed' } });
    await world.say(order(10, DAY));
    const stranger = '0190b2c4-0000-7000-8000-000000000000';
    const service = world.get(ExplainService);
    await expect(service.explain(world.workspaceId, stranger, await profileId())).rejects.toMatchObject({
      status: 404,
    });
    await expect(service.explain(world.workspaceId, audience, stranger)).rejects.toMatchObject({
      status: 404,
    });
  });
});
