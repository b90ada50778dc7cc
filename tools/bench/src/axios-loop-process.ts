import { Agent } from 'node:http';
import axios from 'axios';
import type { FromAxiosLoop, ToAxiosLoop } from './axios-loop';

/** As little as posting rows takes: a client that keeps its connections, and a row in hand for each. */
async function run({ rows, concurrency }: ToAxiosLoop): Promise<number> {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const client = axios.create({ httpAgent, proxy: false });
  const started = performance.now();
  let at = 0;
  const worker = async (): Promise<void> => {
    for (let row = rows[at++]; row; row = rows[at++]) {
      await client.post(row.url, row.payload, { headers: { 'idempotency-key': row.key } });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - started) / 1000;
  httpAgent.destroy();
  return seconds;
}

process.on('message', (message: ToAxiosLoop) => {
  run(message).then(
    (seconds) => process.send?.({ seconds } satisfies FromAxiosLoop),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));
