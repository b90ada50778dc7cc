import { Inject, Injectable } from '@nestjs/common';
import { PluginRegistry } from '@percorso/connector';
import { CLOCK, type Clock } from '@percorso/kernel';
import { BackgroundWorker, Database } from '@percorso/storage';
import { FeedbackPoller } from './feedback-poller';
import { FeedbackQueue } from './feedback.queue';

const TICK_MS = 5_000;
/** How often a provider is asked; its news is at most this old plus what the provider itself takes. */
const POLL_EVERY_MS = 60_000;

/** Sees to it that every connector whose plugin can be asked is asked once a minute, whatever Redis forgets. */
@Injectable()
export class FeedbackScheduler extends BackgroundWorker {
  private readonly pluginIds: string[];

  constructor(
    private readonly database: Database,
    private readonly queue: FeedbackQueue,
    private readonly poller: FeedbackPoller,
    plugins: PluginRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    super();
    this.pluginIds = plugins.plugins
      .filter(({ manifest }) => manifest.capabilities.includes('feedback'))
      .map(({ manifest }) => manifest.id);
    this.addLoop(FeedbackScheduler.name, TICK_MS, () => this.round());
  }

  private async round(): Promise<void> {
    for (const workspaceId of await this.database.workspaceIds()) {
      const due = await this.claimDue(workspaceId);
      await Promise.all(due.map((connectorId) => this.wake(workspaceId, connectorId)));
    }
  }

  /** Without Redis this process asks by itself. */
  private async wake(workspaceId: string, connectorId: string): Promise<void> {
    if (!(await this.queue.wake(workspaceId, connectorId))) await this.poller.poll(workspaceId, connectorId);
  }

  /** Connectors nobody asked for a while; stamping them keeps other hubs from asking too. */
  private claimDue(workspaceId: string): Promise<string[]> {
    const now = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ connector_id: string }>(
        `INSERT INTO feedback_cursor AS f (workspace_id, connector_id, cursor, polled_at)
         SELECT workspace_id, id, '{"value": null}', $3 FROM connector
         WHERE workspace_id = $1 AND state = 'active' AND created_at < $4
           AND (plugin_id = ANY($2) OR EXISTS (
             SELECT FROM plugin p JOIN plugin_version v
                 ON v.workspace_id = p.workspace_id AND v.plugin_id = p.id AND v.version = p.live_version
              WHERE p.workspace_id = connector.workspace_id AND p.id = connector.plugin_id AND p.state = 'active'
                AND v.manifest -> 'capabilities' ? 'feedback'))
         ON CONFLICT (workspace_id, connector_id) DO UPDATE SET polled_at = excluded.polled_at WHERE f.polled_at < $4
         RETURNING connector_id`,
        [workspaceId, this.pluginIds, now, new Date(now.getTime() - POLL_EVERY_MS)],
      );
      return rows.map((row) => row.connector_id);
    });
  }
}
