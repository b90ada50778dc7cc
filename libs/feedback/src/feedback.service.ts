import { Inject, Injectable } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { addSuppressions, type Suppression } from '@percorso/delivery';
import { IngestWriter } from '@percorso/ingest';
import { CLOCK, type Clock, isId, Problem } from '@percorso/kernel';
import type { MessageEvent, ReceiptRequest } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { FeedbackView } from './feedback.dto';
import { findPersons } from './find-persons';
import { messageItem } from './message-item';

/** Pages read in one poll; what is left is read by the next. */
const MAX_PAGES = 50;
const MAX_ITEMS = 1000;

/** Takes in what providers report: events for profiles, suppressions for addresses that are dead or complained. */
@Injectable()
export class FeedbackService {
  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly ingest: IngestWriter,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Ask the provider for everything new. The cursor moves only after the events are safe, so a crash repeats, never loses. */
  async poll(workspaceId: string, connectorId: string): Promise<FeedbackView> {
    await this.assertConnector(workspaceId, connectorId);
    const { feedback } = await this.connectors.describe(workspaceId, connectorId);
    if (!feedback) throw cannot('tell what became of messages when asked');
    const total: FeedbackView = { events: 0, unmatched: 0 };
    let cursor = await this.cursor(workspaceId, connectorId);
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer = await this.connectors.feedback(workspaceId, connectorId, cursor);
      const taken = await this.take(workspaceId, connectorId, answer.events);
      total.events += taken.events;
      total.unmatched += taken.unmatched;
      ({ cursor } = answer);
      await this.saveCursor(workspaceId, connectorId, cursor);
      if (answer.events.length === 0) break;
    }
    return total;
  }

  /** Take in what a provider posted or mailed back, read by the plugin; with `request`, which asks for proof. */
  async receive(
    workspaceId: string,
    connectorId: string,
    body: string,
    request?: ReceiptRequest,
  ): Promise<FeedbackView> {
    await this.assertConnector(workspaceId, connectorId);
    const { receipts } = await this.connectors.describe(workspaceId, connectorId);
    if (!receipts) throw cannot('read receipts');
    return this.take(
      workspaceId,
      connectorId,
      await this.connectors.receipts(workspaceId, connectorId, body, request),
    );
  }

  private async take(
    workspaceId: string,
    connectorId: string,
    events: MessageEvent[],
  ): Promise<FeedbackView> {
    if (events.length === 0) return { events: 0, unmatched: 0 };
    const about = await this.database.tx(workspaceId, async (tx) => {
      await addSuppressions(tx, suppressionsOf(connectorId, events, this.clock.now()));
      return findPersons(tx, connectorId, events);
    });
    const items = [...about].map(([event, known]) => messageItem(connectorId, event, known));
    for (let from = 0; from < items.length; from += MAX_ITEMS) {
      await this.ingest.accept({
        workspaceId,
        sourceId: connectorId,
        items: items.slice(from, from + MAX_ITEMS),
      });
    }
    return { events: items.length, unmatched: events.length - items.length };
  }

  private cursor(workspaceId: string, connectorId: string): Promise<unknown> {
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ cursor: { value: unknown } }>(
        'SELECT cursor FROM feedback_cursor WHERE workspace_id = $1 AND connector_id = $2',
        [workspaceId, connectorId],
      );
      return rows[0]?.cursor.value ?? null;
    });
  }

  private async saveCursor(workspaceId: string, connectorId: string, cursor: unknown): Promise<void> {
    await this.database.tx(workspaceId, (tx) =>
      tx.query(
        `INSERT INTO feedback_cursor (workspace_id, connector_id, cursor, polled_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, connector_id) DO UPDATE SET cursor = excluded.cursor, polled_at = excluded.polled_at`,
        [workspaceId, connectorId, JSON.stringify({ value: cursor ?? null }), this.clock.now()],
      ),
    );
  }

  private async assertConnector(workspaceId: string, connectorId: string): Promise<void> {
    const found =
      isId(connectorId) &&
      (await this.database.tx(workspaceId, (tx) =>
        tx.query('SELECT 1 FROM connector WHERE workspace_id = $1 AND id = $2', [workspaceId, connectorId]),
      ));
    if (!found || found.rowCount === 0) throw Problem.notFound('Connector');
  }
}

const cannot = (what: string): Problem =>
  new Problem({
    status: 422,
    code: 'unsupported-operation',
    title: 'The plugin cannot do this',
    detail: `The connector's plugin cannot ${what}.`,
  });

function suppressionsOf(connectorId: string, events: readonly MessageEvent[], at: Date): Suppression[] {
  return events.flatMap(({ type, bounce, channel, address }): Suppression[] => {
    const common = { channel, address, source: connectorId, at };
    if (type === 'bounced' && bounce === 'hard') return [{ ...common, reason: 'hard-bounce' }];
    return type === 'complained' ? [{ ...common, reason: 'complaint' }] : [];
  });
}
