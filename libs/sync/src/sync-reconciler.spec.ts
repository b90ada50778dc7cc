import type { INestApplication } from '@nestjs/common';
import { queueName } from '@percorso/storage';
import Redis from 'ioredis';
import { SyncWorld } from './testing/sync-world';
import type { SyncWorkspace } from './testing/sync-workspace';

const MEMBERS = 20;

describe('what Redis forgot', () => {
  let world: SyncWorld;
  let redis: Redis;
  let workspace: SyncWorkspace;
  let run: string;
  let workers: INestApplication | undefined;

  beforeAll(async () => {
    world = await SyncWorld.start();
    redis = new Redis(world.engines.redisUrl);
  }, 120_000);
  afterAll(async () => {
    redis?.disconnect();
    await world?.stop();
  });

  beforeEach(async () => {
    workspace = await world.workspace(MEMBERS);
    const sync = await workspace.sync();
    await workspace.change(Array.from({ length: MEMBERS }, (_, at) => at + 1));
    run = await workspace.startRun(sync);
  });
  afterEach(async () => {
    await workers?.close();
    workers = undefined;
  });

  /** Drops this world's queues and nobody else's. @returns how many wake-ups were waiting in the queue */
  async function forget(queue: 'sync' | 'delivery'): Promise<number> {
    const waiting = await redis.llen(`${world.queuePrefix}:${queueName(queue)}:wait`);
    const keys = await redis.keys(`${world.queuePrefix}:*`);
    await redis.del(...keys);
    return waiting;
  }

  async function expectDone(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while ((await workspace.run(run)).state !== 'done' && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await workspace.run(run)).toMatchObject({
      state: 'done',
      progress: 1,
      counts: { planned: MEMBERS, accepted: MEMBERS },
    });
    const written = (await world.twin.journal()).filter(({ key }) =>
      String(key.email).endsWith(`@${workspace.id}.example`),
    );
    expect(written).toHaveLength(MEMBERS);
  }

  it('is planned: a run of which no wake-up is left', async () => {
    expect(await forget('sync')).toBeGreaterThan(0);
    workers = await world.startWorkers();
    await expectDone();
  });

  it('is delivered: effects of which no wake-up is left', async () => {
    await workspace.plan(run);
    expect(await forget('delivery')).toBeGreaterThan(0);
    workers = await world.startWorkers();
    await expectDone();
  });

  it('is planned to its end: a run whose planner died with its wake-up', async () => {
    await forget('sync');
    await world.database.tx(workspace.id, (tx) =>
      tx.query(
        `UPDATE sync_run SET fence = fence + 1, lease_until = now() + interval '1 second'
         WHERE workspace_id = $1 AND id = $2`,
        [workspace.id, run],
      ),
    );
    workers = await world.startWorkers();
    await expectDone();
  });

  it('is ended: a run of which everything is settled', async () => {
    await workspace.plan(run);
    await world.deliver(workspace.id, workspace.connectorId);
    expect((await workspace.run(run)).state).toBe('delivering');
    await forget('sync');
    workers = await world.startWorkers();
    await expectDone();
    expect((await workspace.run(run)).endedAt).not.toBeNull();
  });

  it('waits: a paused sync, until it is resumed', async () => {
    const { syncId } = await workspace.run(run);
    await workspace.call('POST', `/v1/syncs/${syncId}/pause`);
    workers = await world.startWorkers();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await workspace.run(run)).toMatchObject({ state: 'planning', counts: { planned: 0 } });
    await workspace.call('POST', `/v1/syncs/${syncId}/resume`);
    await expectDone();
  });
});
