import { connect, Socket } from 'node:net';
import { trackCall } from './ingest-events';
import type { LoadOrder, LoadRun } from './ingest-load';

const END_OF_HEAD = '\r\n\r\n';
const BODIES = 32;

function requestBytes(order: LoadOrder): Buffer {
  const items = Array.from({ length: order.events }, trackCall);
  const body = JSON.stringify(
    order.path === '/v1/batch' ? { batch: items, sentAt: new Date().toISOString() } : items[0],
  );
  const key = Buffer.from(`${order.writeKey}:`).toString('base64');
  return Buffer.from(
    `POST ${order.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}${END_OF_HEAD}${body}`,
  );
}

/** Sends one request after another; resolves with the acknowledged ones once time is up and the last is answered. */
function connection(order: LoadOrder, requests: readonly Buffer[], until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
    let acknowledged = 0;
    let answer = '';
    let next = Math.floor(Math.random() * requests.length);
    const send = (): void => {
      socket.write(requests[next++ % requests.length] ?? '');
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => reject(new RangeError('the server closed a connection')));
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      const head = answer.indexOf(END_OF_HEAD);
      const length = /content-length: (\d+)/i.exec(answer)?.[1];
      if (head < 0 || answer.length < head + END_OF_HEAD.length + Number(length)) return;
      if (!answer.startsWith('HTTP/1.1 200')) {
        reject(new RangeError(`not acknowledged: ${answer}`));
        return;
      }
      acknowledged++;
      answer = '';
      if (performance.now() < until) send();
      else {
        socket.removeAllListeners('close');
        socket.end();
        resolve(acknowledged);
      }
    });
  });
}

process.once('message', (message) => {
  const order = message as LoadOrder;
  const requests = Array.from({ length: BODIES }, () => requestBytes(order));
  const started = performance.now();
  const until = started + order.seconds * 1000;
  Promise.all(Array.from({ length: order.connections }, () => connection(order, requests, until))).then(
    (counts) => {
      const events = counts.reduce((sum, count) => sum + count, 0) * order.events;
      const run: LoadRun = { events, seconds: (performance.now() - started) / 1000 };
      process.send?.(run, undefined, undefined, () => process.disconnect());
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
