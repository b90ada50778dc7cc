import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FromSink, ToSink } from './http-sink';

/** What came since it was last asked, in the order it came: which path, which payload, and when. */
let came: { path: string; body: string; at: number }[] = [];

/** Of rows that were taken and never answered; undefined once that is over. */
let unanswered: Set<ServerResponse> | undefined = new Set();

function read(request: IncomingMessage, done: (body: string) => void): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => done(Buffer.concat(parts).toString('utf8')));
}

const server = createServer((request, response) => {
  const path = request.url ?? '/';
  read(request, (body) => {
    // Takes the row and says nothing, until the other side gives up.
    if (path === '/sick') return void (unanswered?.add(response) ?? response.destroy());
    came.push({ path, body, at: Date.now() });
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
});
server.keepAliveTimeout = 120_000;

const answer = (message: FromSink): void => {
  process.send?.(message);
};

process.on('message', (message: ToSink) => {
  if (message === 'release') {
    for (const response of unanswered ?? []) response.destroy();
    unanswered = undefined;
  }
  if (message !== 'take') return;
  answer({ came });
  came = [];
});
process.once('disconnect', () => process.exit(0));
server.listen(0, '127.0.0.1', () =>
  answer({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }),
);
