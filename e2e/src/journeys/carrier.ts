import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PluginPackage } from '../plugin-package';

export const EGRESS = [{ setting: 'url' }];

/** A plugin that asks a carrier when an order arrives. */
export const DELIVERY_DATES: PluginPackage = {
  name: 'percorso-plugin-delivery-dates',
  version: '1.0.0',
  percorso: {
    ...{ id: 'delivery-dates', name: 'Delivery dates', kind: 'service', api: '^1.2', settingsVersion: 1 },
    capabilities: ['call'],
    egress: EGRESS,
  },
  code: `const { Setting, answered, capability, definePlugin, itemwise } = require('@percorso/plugin-kit');
    class Settings {}
    Setting()(Settings.prototype, 'url');
    const ask = itemwise(async ({ payload }, { http, settings }) =>
      answered((await http.post(settings.url, payload)).data));
    exports.default = definePlugin({ settings: Settings, check: async () => undefined,
      call: capability(ask, { idempotency: 'none', batch: 20, perSecond: 1000 }) });`,
};

/** The carrier: says of each order to a known country when it arrives. */
export class Carrier {
  /** Orders that it was asked about. */
  readonly asked: string[] = [];
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const { order, country } = JSON.parse(body) as { order: string; country: string };
        this.asked.push(order);
        response.writeHead(country === 'SE' ? 200 : 422, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ day: 'Friday', carrier: 'PostNord' }));
      });
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
