import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { EngineError } from '@percorso/engines';
import { type Clock, describeError, Problem } from '@percorso/kernel';
import { ConfigError, HubConfig, readConfig } from './config/config';
import { HttpMetrics } from './metrics/http-metrics';
import { listenError, RunningHub, start } from './start';
import { stopOnSignals } from './stop';

// Whoever started the hub may be gone; that is no reason to leave work unfinished.
process.stderr.on('error', () => undefined);
const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The hub as a process: serves until a signal ends it, and says in one line why it cannot. @param clock business time */
export function run(clock?: Clock): void {
  serve(clock).catch((error: unknown) => {
    say(isForPeople(error) ? error.message : `Percorso could not start: ${describeError(error)}`);
    process.exit(1);
  });
}

async function serve(clock?: Clock): Promise<void> {
  const config = readConfig(process.argv.slice(2), process.env);
  const hub = await start(config, say, clock).catch((error: unknown) => {
    throw error instanceof Error ? listenError(error, config.port, config.host) : error;
  });
  surviveStrayFailures(hub);
  stopOnSignals(hub, say);
  welcome(hub, config);
}

/** A failure nobody waits for, such as a wake-up lost with Redis, is counted and told, and ends nothing. */
function surviveStrayFailures({ app }: RunningHub): void {
  const metrics = app.get(HttpMetrics);
  const logger = new Logger('Hub');
  process.on('unhandledRejection', (reason) => {
    metrics.failures.inc();
    logger.error(`A failure nobody waited for: ${describeError(reason)}`);
  });
}

function welcome({ url, rootKeyFile, engines }: RunningHub, config: HubConfig): void {
  const own = Object.entries(engines.embedded).filter(([, embedded]) => embedded);
  say(`Percorso listens on ${url} (roles ${config.roles.join(', ')})`);
  say(`  API      ${url}/docs, ${url}/openapi.json`);
  say(`  Health   ${url}/health/ready, metrics ${url}/metrics`);
  say(`  Root key ${rootKeyFile ?? 'from PERCORSO_ROOT_KEY'}`);
  if (own.length > 0) say(`  Data     ${config.dataDir} (${own.map(([name]) => name).join(', ')} embedded)`);
}

function isForPeople(error: unknown): error is Error {
  return error instanceof ConfigError || error instanceof EngineError || error instanceof Problem;
}
