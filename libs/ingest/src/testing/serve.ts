import { AddressInfo } from 'node:net';
import { serveCollection } from './collection';

/** A server process of its own, to be killed: prints its port once it listens. */
async function main(): Promise<void> {
  const { DATABASE_URL: databaseUrl = '', CLICKHOUSE_URL: clickhouseUrl = '' } = process.env;
  const app = await serveCollection({ databaseUrl, clickhouseUrl });
  process.stdout.write(`${(app.getHttpServer().address() as AddressInfo).port}\n`);
}

void main();
