import { parseArgs } from 'node:util';
import { EngineError } from './engine';
import { startEngines } from './engines';

const { values } = parseArgs({ options: { 'data-dir': { type: 'string' } } });

async function main(): Promise<void> {
  const started = performance.now();
  const engines = await startEngines({
    dataDir: values['data-dir'],
    databaseUrl: process.env.DATABASE_URL,
    clickhouseUrl: process.env.CLICKHOUSE_URL,
    redisUrl: process.env.REDIS_URL,
    log: (line) => console.error(line),
  });
  console.error(
    `All engines ready in ${((performance.now() - started) / 1000).toFixed(1)} s; Ctrl+C stops them.`,
  );
  console.log(`DATABASE_URL=${engines.databaseUrl}`);
  console.log(`CLICKHOUSE_URL=${engines.clickhouseUrl}`);
  console.log(`REDIS_URL=${engines.redisUrl}`);
  await new Promise<void>((resolve) => {
    // Keeps the process when every engine is somebody else's.
    const hold = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(hold);
        resolve();
      });
    }
  });
  await engines.stop();
}

main().catch((error: unknown) => {
  console.error(error instanceof EngineError ? error.message : error);
  process.exit(1);
});
