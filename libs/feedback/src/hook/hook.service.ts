import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { audit } from '@percorso/access';
import { ConnectorRuntime, ConnectorService } from '@percorso/connector';
import { CLOCK, type Clock, isId, newId, Problem } from '@percorso/kernel';
import type { ReceiptRequest } from '@percorso/plugin-kit';
import { Database } from '@percorso/storage';
import { FeedbackService } from '../feedback.service';
import type { HookView } from './hook.dto';
import { digestOf, HookStore, type HookRow } from './hook.store';

/** Two, so that an address can be changed without losing a receipt; more only by mistake. */
const MOST = 5;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Public addresses of connectors, by which providers report without a key of the hub's. */
@Injectable()
export class HookService {
  constructor(
    private readonly database: Database,
    private readonly store: HookStore,
    private readonly connectors: ConnectorService,
    private readonly runtime: ConnectorRuntime,
    private readonly feedback: FeedbackService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The token is the unguessable part of the address: given out this once, kept as a hash. */
  async create(
    workspaceId: string,
    actor: string,
    connectorId: string,
  ): Promise<HookView & { token: string }> {
    await this.assertConnector(workspaceId, connectorId);
    const { receipts } = await this.runtime.describe(workspaceId, connectorId);
    if (!receipts)
      throw new Problem({
        status: 422,
        code: 'unsupported-operation',
        title: 'The plugin cannot do this',
        detail: "The connector's plugin cannot read receipts.",
      });
    const [id, token, now] = [newId(), randomBytes(32).toString('base64url'), this.clock.now()];
    await this.database.tx(workspaceId, async (tx) => {
      if ((await this.store.list(tx, connectorId)).length >= MOST)
        throw Problem.conflict('too-many-hooks', `A connector has at most ${MOST} hooks; delete one first.`);
      await this.store.insert(tx, connectorId, id, token, now);
      await audit(tx, actor, 'connector.hook-created', connectorId, { hook: id }, now);
    });
    return { ...viewOf({ id, created_at: now, last_used_at: null }), token };
  }

  async list(workspaceId: string, connectorId: string): Promise<HookView[]> {
    await this.assertConnector(workspaceId, connectorId);
    return (await this.database.tx(workspaceId, (tx) => this.store.list(tx, connectorId))).map(viewOf);
  }

  async remove(workspaceId: string, actor: string, connectorId: string, id: string): Promise<void> {
    await this.assertConnector(workspaceId, connectorId);
    await this.database.tx(workspaceId, async (tx) => {
      if (!isId(id) || !(await this.store.remove(tx, connectorId, id))) throw Problem.notFound('Hook');
      await audit(tx, actor, 'connector.hook-deleted', connectorId, { hook: id }, this.clock.now());
    });
  }

  /**
   * What a provider posted to a hook. One taken before is no news and changes nothing; what was not wholly taken, since
   * the hub was stopped, is taken when the provider repeats it.
   * @throws Problem 404 for an unknown address, 403 `bad-receipt` for what the plugin does not believe
   */
  async receive(token: string, raw: string, request: ReceiptRequest): Promise<void> {
    const hook = TOKEN.test(token) ? await this.store.find(token) : undefined;
    if (!hook) throw Problem.notFound('Hook');
    const digest = digestOf(raw);
    if (await this.store.wasTaken(hook, digest)) return;
    await this.feedback.receive(hook.workspaceId, hook.connectorId, raw, request);
    await this.store.take(hook, digest, this.clock.now());
  }

  private async assertConnector(workspaceId: string, connectorId: string): Promise<void> {
    if (!isId(connectorId)) throw Problem.notFound('Connector');
    await this.connectors.get(workspaceId, connectorId);
  }
}

function viewOf({ id, created_at: createdAt, last_used_at: lastUsedAt }: HookRow): HookView {
  return { id, createdAt: createdAt.toISOString(), lastUsedAt: lastUsedAt?.toISOString() ?? null };
}
