import type { LoopRow } from './axios-loop';
import type { SyncingHub } from './syncing-hub';

const MAPPING = `{
  "email": profile.identities.email[0],
  "firstName": profile.traits.firstName,
  "lastName": profile.traits.lastName,
  "phone": profile.traits.phone,
  "city": profile.traits.address.city,
  "tier": profile.traits.plan = "pro" ? "gold" : "silver"
}`;

/** Audiences of several sizes, and connectors to one sink by their names. */
export class DeliveryHub {
  private readonly audiences = new Map<number, string>();
  private readonly connectors = new Map<string, { id: string; url: string }>();

  constructor(
    private readonly hub: SyncingHub,
    private readonly sinkUrl: string,
  ) {}

  /** Customers, and an audience of the first so many of them for each size. */
  async fill(sizes: readonly number[]): Promise<void> {
    await this.hub.fill(Math.max(...sizes), MAPPING);
    for (const size of new Set(sizes)) this.audiences.set(size, await this.hub.audience(size));
  }

  /** Connectors whose calls at once are limited to so many; made once for each name. */
  async connect(names: readonly string[], concurrency: number): Promise<void> {
    for (const name of names) {
      if (!this.connectors.has(name)) {
        const url = `${this.sinkUrl}/${name}`;
        this.connectors.set(name, { id: await this.hub.connector('bench-http-sink', name, { url }), url });
      }
      await this.hub.change('PUT', `/v1/connectors/${this.idOf(name)}/delivery`, { concurrency });
    }
  }

  setState(name: string, state: 'active' | 'disabled'): Promise<void> {
    return this.hub.change('PATCH', `/v1/connectors/${this.idOf(name)}`, { state });
  }

  /** A sync that never ran before for each connector, of an audience of that size. */
  syncs(names: readonly string[], size: number): Promise<string[]> {
    const audienceId = this.audiences.get(size)!;
    return Promise.all(names.map((name) => this.hub.sync(`${name} ${size}`, audienceId, this.idOf(name))));
  }

  begin(syncs: readonly string[]): Promise<string[]> {
    return this.hub.begin(syncs);
  }

  ended(runs: readonly string[]): Promise<void> {
    return this.hub.ended(runs);
  }

  /** What was delivered by these runs. @throws RangeError unless that is all `count` rows */
  async accepted(runs: readonly string[], count: number): Promise<LoopRow[]> {
    const urls = new Map([...this.connectors.values()].map(({ id, url }) => [id, url]));
    const rows = await this.hub.accepted(runs, count);
    return rows.map(({ connectorId, key, payload }) => ({ url: urls.get(connectorId) ?? '', key, payload }));
  }

  private idOf(name: string): string {
    return this.connectors.get(name)!.id;
  }
}
