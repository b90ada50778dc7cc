import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, readBody } from '../control-server';
import { TriggerList } from '../trigger';
import type { HttpFault } from './http-fault';

/** A request as it came. */
export interface Call {
  method: string;
  path: string;
  query: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

/** A call with the status of what the provider itself makes of it, whatever fault came between. */
export interface SeenCall extends Call {
  status: number;
}

/** What the provider makes of a call. `accept` keeps what it asks for; a call without it changes nothing. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  json?: unknown;
  accept?: () => void;
}

/** A provider over HTTP: it keeps every call, answers as `answer` says, and misbehaves as it is told. */
export class HttpProvider {
  readonly calls: SeenCall[] = [];
  readonly faults = new TriggerList<HttpFault>(() => 1);
  private readonly server = createServer((request, response) => {
    this.serve(request, response).catch(() => request.socket.destroy());
  });
  private address = '';

  constructor(private readonly answer: (call: Call) => Reply) {}

  async start(port = 0): Promise<this> {
    this.address = `http://127.0.0.1:${(await listen(this.server, port)).port}`;
    return this;
  }

  get url(): string {
    return this.address;
  }

  async inject(fault: HttpFault): Promise<{ id: string }> {
    return { id: this.faults.add(fault) };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await callOf(request);
    const reply = this.answer(call);
    this.calls.push({ ...call, status: reply.status });
    const fault = reply.accept && this.faults.take(() => true);
    switch (fault?.kind) {
      case 'http429':
      case 'http500':
      case 'http503': {
        const { retryAfterSeconds: after } = fault;
        const headers = after === undefined ? {} : { 'retry-after': String(after) };
        return void response.writeHead(Number(fault.kind.slice(4)), headers).end();
      }
      case 'dropBeforeAccept':
        return void request.socket.destroy();
    }
    reply.accept?.();
    if (fault?.kind === 'acceptThenDrop') return void request.socket.destroy();
    if (fault?.kind === 'slow') await wait(fault.ms);
    const text = reply.json === undefined ? '' : JSON.stringify(reply.json);
    const type = text === '' ? {} : { 'content-type': 'application/json' };
    response.writeHead(reply.status, { ...type, ...reply.headers });
    if (fault?.kind === 'slowBody') {
      response.write(text.slice(0, Math.ceil(text.length / 2)) || ' ');
      await wait(fault.ms);
      response.write(text.slice(Math.ceil(text.length / 2)));
      return void response.end();
    }
    response.end(text);
  }
}

const wait = (ms: number): Promise<unknown> => sleep(ms, undefined, { ref: false });

async function callOf(request: IncomingMessage): Promise<Call> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://provider');
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: request.method ?? 'GET',
    path: pathname,
    query: search.slice(1),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: (await readBody(request)).toString('utf8'),
  };
}
