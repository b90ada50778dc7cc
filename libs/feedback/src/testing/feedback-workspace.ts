import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IngestWriter } from '@percorso/ingest';
import { recordEffects } from '@percorso/delivery';
import { newId } from '@percorso/kernel';
import type { MessageEvent } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface Reply {
  status: number;
  body: { id: string; code: string } & Record<string, unknown>;
}

interface ProfileEvent {
  name: string;
  messageId: string;
  source: string;
  occurredAt: string;
  properties: Record<string, unknown>;
}

/** One workspace whose persons come by real events. */
export class FeedbackWorkspace {
  private constructor(
    private readonly app: NestFastifyApplication,
    readonly id: string,
    private readonly key: string,
  ) {}

  static async create(app: NestFastifyApplication, rootKey: string): Promise<FeedbackWorkspace> {
    const settings = { allowPrivateNetwork: true };
    const { body } = await call(app, rootKey, 'POST', '/v1/workspaces', { name: 'Shop', settings });
    return new FeedbackWorkspace(app, body.id, String(body.adminKey));
  }

  call(method: Method, url: string, body?: object): Promise<Reply> {
    return call(this.app, this.key, method, url, body);
  }

  async connector(plugin = 'reporter', settings: object = {}): Promise<string> {
    const { status, body } = await this.call('POST', '/v1/connectors', { plugin, name: plugin, settings });
    if (status !== 201) throw new RangeError(`the connector was refused: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** Take items in as a source would send them, and wait until profiles show them. */
  async say(...items: object[]): Promise<void> {
    const full = items.map((item) => ({ messageId: newId(), timestamp: new Date().toISOString(), ...item }));
    await this.app.get(IngestWriter).accept({ workspaceId: this.id, sourceId: 'web', items: full });
    await this.applied();
  }

  /** A person with a user id and an address. */
  async person(userId: string, email: string): Promise<void> {
    await this.say({ type: 'identify', userId, traits: { email } });
  }

  /** An effect that went out to the person, as delivery leaves it. */
  async sent(
    connectorId: string,
    userId: string,
    effect: { key: string; providerId?: string },
  ): Promise<void> {
    await this.app.get(Database).tx(this.id, async (tx) => {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT person FROM identity_node WHERE workspace_id = $1 AND namespace = 'user_id' AND value = $2`,
        [this.id, userId],
      );
      const intent = { runId: newId(), syncId: newId(), connectorId, person: rows[0]!.person };
      const rest = { profileId: newId(), membershipVersion: '1', operation: 'send' as const, payload: {} };
      await recordEffects(tx, [{ key: effect.key, ...intent, ...rest }], new Date());
      await tx.query(
        `UPDATE effect SET state = 'accepted', provider_id = $3 WHERE workspace_id = $1 AND key = $2`,
        [this.id, effect.key, effect.providerId ?? null],
      );
    });
  }

  /** Hand in what the reporter's provider tells, and wait until profiles show it. */
  async report(connectorId: string, ...events: Partial<MessageEvent>[]): Promise<Reply> {
    const body = { body: JSON.stringify(events) };
    const reply = await this.call('POST', `/v1/connectors/${connectorId}/receipts`, body);
    await this.applied();
    return reply;
  }

  /** A person's events but those that made it, oldest first. */
  async eventsOf(namespace: string, value: string): Promise<ProfileEvent[]> {
    const profile = await this.profile(namespace, value);
    const { body } = await this.call('GET', `/v1/profiles/${profile.id}/events?limit=1000`);
    return (body.data as ProfileEvent[]).filter(({ name }) => name !== '' && name !== 'identify').reverse();
  }

  async profile(namespace: string, value: string): Promise<{ id: string; consent: object }> {
    const query = new URLSearchParams({ namespace, value });
    const { body } = await this.call('GET', `/v1/profiles?${query}`);
    return (body.data as { id: string; consent: object }[])[0]!;
  }

  /** channel, address and reason of all that is suppressed. */
  async suppressed(): Promise<[string, string, string][]> {
    const { body } = await this.call('GET', '/v1/suppressions');
    const rows = body.data as { channel: string; address: string; reason: string }[];
    return rows.map(({ channel, address, reason }) => [channel, address, reason]);
  }

  /** Resolves when all that was accepted is applied. */
  async applied(): Promise<void> {
    const deadline = Date.now() + 15_000;
    for (;;) {
      const { rows } = await this.app
        .get(Database)
        .tx(this.id, (tx) =>
          tx.query<{ waiting: boolean }>(
            'SELECT applied < head AS waiting FROM ingest_head WHERE workspace_id = $1 AND applied < head',
            [this.id],
          ),
        );
      if (rows.length === 0) return;
      if (Date.now() > deadline) throw new RangeError('events were not applied in time');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function call(
  app: NestFastifyApplication,
  key: string,
  method: Method,
  url: string,
  payload?: object,
): Promise<Reply> {
  const headers = { authorization: `Bearer ${key}`, 'if-match': '*' };
  const response = await app.inject({ method, url, payload, headers });
  return { status: response.statusCode, body: (response.body ? response.json() : {}) as Reply['body'] };
}
