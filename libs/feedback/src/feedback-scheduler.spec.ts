import { getQueueToken } from '@nestjs/bull';
import { ConnectorRuntime, PluginRegistry } from '@percorso/connector';
import type { WakeUp } from '@percorso/storage';
import { newId } from '@percorso/kernel';
import type { Queue } from 'bull';
import { FeedbackPoller } from './feedback-poller';
import { FeedbackScheduler } from './feedback-scheduler';
import { FEEDBACK_QUEUE, FeedbackQueue } from './feedback.queue';
import { FeedbackService } from './feedback.service';
import { FeedbackWorld } from './testing/feedback-world';
import type { FeedbackWorkspace } from './testing/feedback-workspace';

const MINUTE = 60_000;

describe('the feedback scheduler', () => {
  let world: FeedbackWorld;
  let queue: Queue<WakeUp>;
  let workspace: FeedbackWorkspace;
  let campaign: string;

  beforeAll(async () => {
    world = await FeedbackWorld.start();
    queue = world.app.get<Queue<WakeUp>>(getQueueToken(FEEDBACK_QUEUE));
    await queue.isReady();
  }, 120_000);
  afterAll(() => world?.stop());

  beforeEach(async () => {
    workspace = await world.workspace();
    campaign = await workspace.connector('adobe-campaign-classic', world.campaign());
    world.clock.advance(2 * MINUTE);
    await queue.empty();
  });
  afterEach(() => jest.restoreAllMocks());

  /** One round of as many hubs at once. */
  async function round(hubs = 1): Promise<void> {
    const schedulers = Array.from({ length: hubs }, () => {
      const { app, clock, database } = world;
      const poller = new FeedbackPoller(app.get(FeedbackService));
      return new FeedbackScheduler(database, app.get(FeedbackQueue), poller, app.get(PluginRegistry), clock);
    });
    for (const scheduler of schedulers) scheduler.onApplicationBootstrap();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all(schedulers.map((scheduler) => scheduler.beforeApplicationShutdown()));
  }

  /** The connectors of this test's workspace that wait to be asked. */
  async function waiting(): Promise<string[]> {
    const jobs = await queue.getWaiting();
    return jobs.filter(({ data }) => data.workspaceId === workspace.id).map(({ data }) => data.id);
  }

  it('has each connector asked once a minute', async () => {
    await round();
    await round();
    expect(await waiting()).toEqual([campaign]);
    world.clock.advance(MINUTE - 1);
    await round();
    expect(await waiting()).toEqual([campaign]);
    world.clock.advance(2);
    await round();
    expect(await waiting()).toEqual([campaign, campaign]);
  });

  it('shares the work between hubs', async () => {
    const second = await workspace.connector('adobe-campaign-classic', world.campaign());
    world.clock.advance(2 * MINUTE);
    await round(4);
    expect((await waiting()).sort()).toEqual([campaign, second].sort());
  });

  it('asks none that is disabled, cannot be asked, or was made just now', async () => {
    await workspace.connector('reporter');
    world.clock.advance(2 * MINUTE);
    await workspace.connector('adobe-campaign-classic', world.campaign());
    await world.database.tx(workspace.id, (tx) =>
      tx.query(`UPDATE connector SET state = 'disabled' WHERE workspace_id = $1 AND id = $2`, [
        workspace.id,
        campaign,
      ]),
    );
    await round();
    expect(await waiting()).toEqual([]);
  });

  it('asks again in the next minute when Redis forgot', async () => {
    await round();
    await queue.empty();
    world.clock.advance(MINUTE + 1);
    await round();
    expect(await waiting()).toEqual([campaign]);
  });

  it('asks by itself without Redis, and one provider that fails keeps no other waiting', async () => {
    const refused = await workspace.connector('adobe-campaign-classic', {
      ...world.campaign(),
      password: 'wrong',
    });
    const address = `dora@${workspace.id}.example`;
    await workspace.person('dora', address);
    await world.app
      .get(ConnectorRuntime)
      .deliver(workspace.id, campaign, 'upsert', [{ key: newId(), payload: { email: address } }], {
        deadlineMs: 10_000,
      });
    await world.twin.addDeliveryLogs([{ email: address, status: 'sent' }]);
    world.clock.advance(2 * MINUTE);
    queue.client.disconnect();
    const asked = jest.spyOn(world.app.get(FeedbackService), 'poll');
    await round();
    await queue.client.connect();
    const mine = asked.mock.calls.filter(([workspaceId]) => workspaceId === workspace.id);
    expect(mine.map(([, connectorId]) => connectorId).sort()).toEqual([campaign, refused].sort());
    await workspace.applied();
    expect((await workspace.eventsOf('user_id', 'dora')).map(({ name }) => name)).toEqual(['Email Sent']);
  });
});
