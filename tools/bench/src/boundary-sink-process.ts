import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Counts what is posted, as JSON lists; `GET` tells how many there were in all. */
let arrived = 0;
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const items = chunks.length > 0 ? (JSON.parse(Buffer.concat(chunks).toString()) as unknown[]) : [];
    arrived += items.length;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ arrived: request.method === 'GET' ? arrived : items.length }));
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
