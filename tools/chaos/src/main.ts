import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { EngineError } from '@percorso/engines';
import { closeAll, runChaos } from './run-chaos';
import { makeSchedule } from './schedule';
import { reportText, scheduleText } from './report';

const INTERRUPTED = 130;

class FlagError extends Error {
  override readonly name = 'FlagError';
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: process.env.PERCORSO_SEED ?? String(Date.now() % 1_000_000_000) },
      rate: { type: 'string', default: '60' },
      'data-dir': { type: 'string' },
    },
  });
  const dataDir = values['data-dir'];
  return {
    minutes: positive('--minutes', values.minutes),
    seed: positive('--seed', values.seed),
    perSecond: positive('--rate', values.rate),
    folder: dataDir === undefined ? undefined : resolve(dataDir),
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new FlagError(`${flag} must be a number above 0.`);
}

async function main(): Promise<number> {
  const flags = readFlags();
  const started = Date.now();
  const say = (line: string): void =>
    void process.stdout.write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  const closing: (() => Promise<unknown>)[] = [];
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => resolve('interrupted'));
  });
  process.stdout.write(
    `Chaos, ${flags.minutes} minutes, seed ${flags.seed}\n${scheduleText(makeSchedule(flags.seed, flags.minutes))}\n\n`,
  );
  const running = runChaos({ ...flags, say, closing });
  const result = await Promise.race([running, interrupted]);
  if (result === 'interrupted') {
    say('Stopping …');
    running.catch(() => undefined);
    await closeAll(closing);
    return INTERRUPTED;
  }
  process.stdout.write(`\n${reportText(result, flags.seed)}\n`);
  const failed = result.checks.some(({ ok }) => !ok);
  if (failed) process.stdout.write(`Journals and logs are kept in ${result.folder}.\n`);
  return failed ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const told = error instanceof EngineError || error instanceof FlagError;
    const text = error instanceof Error ? (told ? error.message : error.stack) : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  },
);
