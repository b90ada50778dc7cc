import type { Server } from 'node:http';
import { loadChdb, openData } from './chdb-connection';
import { createClickHouseServer } from './clickhouse-http';
import { causeOf } from './engine';

/** From the parent, once. The password travels here, never in an argument or the environment. */
export interface ServerOrder {
  dataPath: string;
  user: string;
  password: string;
  database: string;
  port?: number;
}

/** To the parent, once. */
export type ServerReport = { port: number } | { error: string };

const OPEN_WAIT_MS = 15_000;
const DRAIN_MS = 20_000;

let stop = (): void => process.exit(0);

process.once('message', (order: ServerOrder) => {
  serve(order)
    .then((port) => report({ port }))
    .catch((error: unknown) => {
      report({ error: causeOf(error) });
      process.exitCode = 1;
      process.disconnect?.();
    });
});
// The channel closes when the parent is gone, however it went.
process.once('disconnect', () => stop());
process.on('SIGTERM', () => stop());
process.on('SIGINT', () => stop());

async function serve(order: ServerOrder): Promise<number> {
  const native = loadChdb();
  const data = await openData(native, order.dataPath, OPEN_WAIT_MS);
  const ask = async (sql: string): Promise<string> => {
    const result = await native.QueryAsyncConnection(data, sql, 'TabSeparatedRaw');
    return Buffer.from(result.bytes).toString('utf8').trim();
  };
  await ask(`CREATE DATABASE IF NOT EXISTS ${order.database}`);
  const { dataPath, user, password } = order;
  const server = createClickHouseServer({
    native,
    dataPath,
    user,
    password,
    version: await ask('SELECT version()'),
  });
  stop = () => {
    stop = () => undefined;
    // Queries under way finish first: closing the data under them would abort the engine.
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), DRAIN_MS).unref();
    server.close(() => {
      native.CloseConnection(data);
      process.exit(0);
    });
    server.closeIdleConnections();
  };
  return (await listen(server, order.port ?? 0)) ?? (await listen(server, 0)) ?? 0;
}

function listen(server: Server, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const taken = (): void => resolve(undefined);
    server.once('error', taken);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', taken);
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : undefined);
    });
  });
}

function report(message: ServerReport): void {
  process.send?.(message);
}
