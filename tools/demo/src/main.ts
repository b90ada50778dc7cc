import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DEFAULT_DATA_DIR, EngineError, startEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { startCampaignClassicTwin, startSmtpSink } from '@percorso/plugin-testkit';
import { startHub } from './hub-process';
import { Progress, table } from './report';
import { StoryResult, tellStory } from './story';

const { values: flags } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    seed: { type: 'string', default: '42' },
    customers: { type: 'string', default: '5000' },
    'data-dir': { type: 'string', default: process.env.PERCORSO_DATA_DIR ?? DEFAULT_DATA_DIR },
  },
});

async function main(): Promise<number> {
  const started = Date.now();
  const dataDir = flags['data-dir'];
  const progress = new Progress(process.stdout, started);
  const say = (line: string): void => progress.say(line);
  progress.step(0, 'Engines, hub and receiving sides');
  const engines = await startEngines({
    dataDir,
    databaseUrl: process.env.DATABASE_URL,
    clickhouseUrl: process.env.CLICKHOUSE_URL,
    redisUrl: process.env.REDIS_URL,
    log: say,
  });
  const journals = join(dataDir, 'demo', newId());
  await mkdir(journals, { recursive: true });
  const twinLogin = { login: 'percorso', password: randomBytes(12).toString('hex') };
  const twin = await startCampaignClassicTwin({ journal: join(journals, 'campaign.ndjson'), ...twinLogin });
  const sink = await startSmtpSink({ journal: join(journals, 'mail.ndjson') });
  const rootKey = randomBytes(24).toString('base64url');
  const hub = await startHub(
    {
      DATABASE_URL: engines.databaseUrl,
      CLICKHOUSE_URL: engines.clickhouseUrl,
      REDIS_URL: engines.redisUrl,
      PERCORSO_ROOT_KEY: rootKey,
    },
    dataDir,
  );
  say(`hub ready at ${hub.url}`);
  const stop = async (): Promise<void> => {
    await hub.stop();
    await Promise.all([twin.stop(), sink.stop()]);
    await engines.stop();
  };
  try {
    const result = await tellStory({
      hubUrl: hub.url,
      rootKey,
      databaseUrl: engines.databaseUrl,
      twin,
      twinLogin,
      sink,
      seed: Number(flags.seed),
      customers: Number(flags.customers),
      onStep: (number, title) => progress.step(number, title),
      say,
      onFirstSync: () =>
        say(`first audience synced ${((Date.now() - started) / 1000).toFixed(1)} s after the start`),
    });
    const { text, failed } = table(result.checks);
    process.stdout.write(
      `\n${text}\n\n${result.checks.length - failed} of ${result.checks.length} checks held.\n`,
    );
    if (!flags.once) {
      process.stdout.write(whereToLook(hub.url, result));
      await interrupted();
    }
    return failed === 0 ? 0 : 1;
  } finally {
    await stop();
  }
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

const interrupted = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const line =
      error instanceof EngineError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`${line}\n`);
    process.exit(1);
  },
);
