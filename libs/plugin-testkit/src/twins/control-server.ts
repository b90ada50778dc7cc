import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';

export interface ControlRequest {
  params: string[];
  query: URLSearchParams;
  body: unknown;
}

/** Answers JSON; an iterable of lines is streamed as NDJSON; undefined is 204. */
export type ControlHandler = (request: ControlRequest) => unknown | Promise<unknown>;
export type ControlRoute = [method: string, path: RegExp, handler: ControlHandler];

/** A control request the twin cannot carry out: answered with 400 and the message. */
export class ControlRefusal extends Error {
  override readonly name = 'ControlRefusal';
}

/** NDJSON answer. */
export class Lines {
  constructor(readonly items: Iterable<unknown>) {}
}

/** Starts the control surface of a twin on 127.0.0.1 and resolves with its URL. */
export async function startControlServer(
  port: number,
  routes: ControlRoute[],
): Promise<{ server: Server; url: string }> {
  const server = createServer((req, res) => {
    answer(routes, req)
      .then((result) => {
        if (result === undefined) {
          res.writeHead(204).end();
        } else if (result instanceof Lines) {
          res.writeHead(200, { 'content-type': 'application/x-ndjson' });
          for (const item of result.items) res.write(`${JSON.stringify(item)}\n`);
          res.end();
        } else {
          res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
        }
      })
      .catch((error: unknown) => {
        const refused = error instanceof ControlRefusal;
        const message = error instanceof Error ? error.message : String(error);
        res.writeHead(refused ? 400 : 500, { 'content-type': 'application/json' });
        res.end(JSON.stringify({ error: message }));
      });
  });
  const address = await listen(server, port);
  return { server, url: `http://127.0.0.1:${address.port}` };
}

/** Listens on 127.0.0.1; port 0 takes a free one. */
export function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
}

async function answer(routes: ControlRoute[], req: IncomingMessage): Promise<unknown> {
  const url = new URL(req.url ?? '/', 'http://control');
  for (const [method, path, handler] of routes) {
    const match = path.exec(url.pathname);
    if (!match || req.method !== method) continue;
    const text = (await readBody(req)).toString('utf8');
    const params = match.slice(1).map((value) => decodeURIComponent(value ?? ''));
    return handler({ params, query: url.searchParams, body: text === '' ? undefined : parse(text) });
  }
  throw new ControlRefusal(`no control call ${req.method} ${url.pathname}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ControlRefusal('the body is not JSON');
  }
}

/** The whole request body. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
