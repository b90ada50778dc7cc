import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DEFAULT_DATA_DIR, EngineError } from '@percorso/engines';
import { TwinStartError } from '@percorso/plugin-testkit';
import { HubRefused, TimedOut } from './hub-api';
import { HubEnded } from './hub-process';
import { Progress, table } from './report';
import { Closing, openStage } from './stage';
import { StoryResult, tellStory } from './story';

const INTERRUPTED = 130;
/** Within this time, signals and what they break belong together. */
const ECHO_MS = 500;

function readFlags() {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      seed: { type: 'string', default: '42' },
      customers: { type: 'string', default: '5000' },
      'data-dir': { type: 'string', default: process.env.PERCORSO_DATA_DIR || DEFAULT_DATA_DIR },
    },
  });
  return {
    once: values.once,
    seed: wholeNumber('--seed', values.seed),
    customers: wholeNumber('--customers', values.customers),
    dataDir: resolve(values['data-dir']),
  };
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new FlagError(`${flag} must be a whole number.`);
}

class FlagError extends Error {
  override readonly name = 'FlagError';
}

async function main(): Promise<number> {
  const flags = readFlags();
  const closing = new Closing();
  const interrupted = interruption();
  try {
    const shown = show(flags, closing).catch(async (error: unknown) => {
      // Ctrl-C reaches the hub too, and its silence may be noticed first.
      await sleep(ECHO_MS);
      throw error;
    });
    const code = await Promise.race([shown, interrupted]);
    if (code !== INTERRUPTED && !flags.once) await interrupted;
    return code;
  } finally {
    await closing.all();
  }
}

/** From the first engine to the last check; the exit code. */
async function show(flags: ReturnType<typeof readFlags>, closing: Closing): Promise<number> {
  const started = Date.now();
  const progress = new Progress(process.stdout, started);
  const say = (line: string): void => progress.say(line);
  progress.step(0, 'Engines, hub and receiving sides');
  const stage = await openStage(flags.dataDir, process.env, closing, say);
  const result = await tellStory({
    ...stage,
    seed: flags.seed,
    customers: flags.customers,
    onStep: (number, title) => progress.step(number, title),
    say,
    onFirstSync: () =>
      say(`first audience synced ${((Date.now() - started) / 1000).toFixed(1)} s after the start`),
  });
  const { text, failed } = table(result.checks);
  process.stdout.write(
    `\n${text}\n\n${result.checks.length - failed} of ${result.checks.length} checks held.\n`,
  );
  if (!flags.once) process.stdout.write(whereToLook(stage.hubUrl, result));
  return failed === 0 ? 0 : 1;
}

function whereToLook(url: string, { context, audienceId, readOnlyKey }: StoryResult): string {
  const admin = context.admin.key;
  return `
The hub keeps running. Ctrl-C stops it; its data stays.

  API document   ${url}/docs   (${url}/openapi.json)
  admin key      ${admin}
  write key      ${context.writeKey}

Try next:

  curl -H 'Authorization: Bearer ${admin}' ${url}/v1/audiences
  curl -H 'Authorization: Bearer ${admin}' '${url}/v1/profiles?namespace=user_id&value=u-${context.seed}-1'
  curl -H 'Authorization: Bearer ${readOnlyKey}' -H 'Accept: text/csv' '${url}/v1/audiences/${audienceId}/members?fields=identities.email,traits.firstName'
  curl -u '${context.writeKey}:' -H 'Content-Type: application/json' ${url}/v1/track \\
    -d '{"messageId":"try-1","userId":"u-${context.seed}-1","event":"Order Completed","properties":{"revenue":99.5}}'

`;
}

/** Resolves at the first Ctrl-C or the like; a later one ends at once, and everything started with it. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    let since = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        // One Ctrl-C may come twice: from the terminal, and passed on by npm.
        if (since > 0 && Date.now() - since > ECHO_MS) process.exit(INTERRUPTED);
        if (since === 0) process.stdout.write('\nStopping …\n');
        since ||= Date.now();
        resolve(INTERRUPTED);
      });
    }
  });
}

/** One line where the reader can help it; a defect keeps its trace. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const told = [EngineError, HubEnded, HubRefused, TimedOut, TwinStartError, FlagError];
  const { code } = error as NodeJS.ErrnoException;
  const known = told.some((kind) => error instanceof kind) || /^E[A-Z]+$|^ERR_PARSE_ARGS/.test(code ?? '');
  return known ? error.message : (error.stack ?? error.message);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  },
);
