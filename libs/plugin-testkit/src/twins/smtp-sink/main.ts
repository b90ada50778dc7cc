import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startControlServer } from '../control-server';
import { Journal } from '../journal';
import { runUntilTold } from '../run-until-told';
import { TriggerList } from '../trigger';
import { SinkJournalEntry, SinkRule } from './contract';
import { controlRoutes } from './control-routes';
import { listenSmtp, SmtpListenerParts } from './smtp-listener';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'control-port': { type: 'string', default: '0' },
      journal: { type: 'string' },
      user: { type: 'string' },
      pass: { type: 'string' },
      starttls: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      cert: { type: 'string' },
      key: { type: 'string' },
      'max-size': { type: 'string', default: String(25 * 1024 * 1024) },
      'exit-with-stdin': { type: 'boolean', default: false },
    },
  });
  const { journal, user, pass, cert, key } = values;
  if (!journal) throw new RangeError('--journal is required');
  const parts: SmtpListenerParts = {
    journal: Journal.open<SinkJournalEntry>(journal),
    rules: new TriggerList<SinkRule>((rule) => (rule.recipient === undefined ? 1 : Infinity)),
    counters: { connections: 0, accepted: 0, refused: {} },
    credentials: user !== undefined && pass !== undefined ? { user, password: pass } : undefined,
    starttls: values.starttls,
    tls: values.tls,
    certificate: cert && key ? { cert: readFileSync(cert), key: readFileSync(key) } : undefined,
    maxSize: Number(values['max-size']),
  };
  const port = await listenSmtp(parts, Number(values.port));
  const control = await startControlServer(Number(values['control-port']), controlRoutes(parts));
  runUntilTold({ url: `smtp://127.0.0.1:${port}`, controlUrl: control.url }, values['exit-with-stdin'], () =>
    parts.journal.close(),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
