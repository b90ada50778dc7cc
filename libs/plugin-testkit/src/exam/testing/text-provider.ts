import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Fault = (request: IncomingMessage, response: ServerResponse, accept: () => void) => void;

/** A provider of text messages with idempotency keys, small enough to judge the exam by. */
export class TextProvider {
  readonly texts: { to: string }[] = [];
  private readonly keys = new Set<string>();
  private fault?: Fault;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async next(fault: Fault): Promise<void> {
    this.fault = fault;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const reply = (status: number): void => void response.writeHead(status).end('{"id":"t1"}');
    if (request.headers.authorization !== 'Bearer secret-key') return reply(401);
    if (request.method === 'GET') return reply(200);
    const text = JSON.parse(Buffer.concat(chunks).toString()) as { to: string };
    if (text.to === 'nobody') return reply(422);
    const accept = (): void => {
      const key = String(request.headers['idempotency-key']);
      if (!this.keys.has(key)) this.texts.push(text);
      this.keys.add(key);
    };
    const { fault } = this;
    this.fault = undefined;
    if (fault) return fault(request, response, accept);
    accept();
    reply(201);
  }
}
