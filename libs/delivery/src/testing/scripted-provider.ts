import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { LookupResult } from '@percorso/plugin-kit';
import type { OutgoingItem } from '../provider-gateway';

/** One item as the provider received it. */
export interface Received {
  operation: string;
  key: string;
  payload: Record<string, unknown>;
  at: number;
}

/** How the next request is met. `lose` takes the items and drops the connection; `hang` takes them and never answers. */
export type Script =
  | { do: 'accept' }
  | { do: 'throttle'; afterSeconds: number }
  | { do: 'unavailable' }
  | { do: 'lose' }
  | { do: 'drop' }
  | { do: 'hang' };

/** A provider behind real HTTP that keeps every item it took and follows a script, one entry per request. */
export class ScriptedProvider {
  readonly received: Received[] = [];
  readonly script: Script[] = [];
  requests = 0;
  /** Items of each request, and how many requests were here at once at most. */
  readonly sizes: number[] = [];
  mostAtOnce = 0;
  atOnce = 0;
  /** Requests wait for it before they are met. */
  gate: Promise<void> = Promise.resolve();
  /** Fails items for good, by their payload. */
  refuse: (payload: Record<string, unknown>) => { code: string; bounce?: 'hard' } | undefined = () =>
    undefined;
  /** Milliseconds each request takes. */
  latencyMs = 0;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void this.serve(request).then((answer) => {
        if (answer === 'hang') return;
        if (answer === 'reset') request.socket.destroy();
        else {
          response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
          response.end(JSON.stringify(answer.body));
        }
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What the provider ends up holding: the newest operation per `payload.id`. */
  state(): Map<unknown, Received> {
    return new Map(this.received.map((item) => [item.payload.id, item]));
  }

  /** How often each key arrived. */
  arrivals(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { key } of this.received) counts.set(key, (counts.get(key) ?? 0) + 1);
    return counts;
  }

  private async serve(
    request: IncomingMessage,
  ): Promise<'hang' | 'reset' | { status: number; headers?: Record<string, string>; body: unknown }> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const body = JSON.parse(text) as { operation: string; items: OutgoingItem[] };
    if (body.operation === 'lookup') {
      const held = this.state();
      const answers = body.items.map(({ payload }): LookupResult => {
        const record = held.get(payload.id);
        const isThere = record?.operation !== 'remove' && isDeepStrictEqual(record?.payload, payload);
        return isThere ? 'accepted' : 'absent';
      });
      return { status: 200, body: answers };
    }
    this.requests++;
    this.sizes.push(body.items.length);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    await this.gate;
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    this.atOnce--;
    const step = this.script.shift() ?? { do: 'accept' };
    if (step.do === 'throttle')
      return { status: 429, headers: { 'retry-after': String(step.afterSeconds) }, body: {} };
    if (step.do === 'unavailable') return { status: 503, body: {} };
    if (step.do === 'drop') return 'reset';
    const answers = body.items.map((item) => {
      const refusal = this.refuse(item.payload);
      if (refusal) return { refused: refusal };
      this.received.push({ operation: body.operation, ...item, at: Date.now() });
      return { id: `p-${this.received.length}` };
    });
    if (step.do === 'hang') return 'hang';
    return step.do === 'lose' ? 'reset' : { status: 200, body: answers };
  }
}
