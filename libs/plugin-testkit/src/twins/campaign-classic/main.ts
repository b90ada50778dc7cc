import { parseArgs } from 'node:util';
import { listen, startControlServer } from '../control-server';
import { Journal } from '../journal';
import { runUntilTold } from '../run-until-told';
import { TriggerList } from '../trigger';
import { InjectedFault, JournalEntry } from './contract';
import { controlRoutes } from './control-routes';
import { Database } from './database';
import { readFields } from './field-option';
import { schemas } from './schemas';
import { Sessions } from './sessions';
import { createSoapServer, SoapServerParts } from './soap-server';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'control-port': { type: 'string', default: '0' },
      journal: { type: 'string' },
      login: { type: 'string' },
      password: { type: 'string' },
      'session-seconds': { type: 'string', default: '86400' },
      bearer: { type: 'string', multiple: true, default: [] },
      'client-id': { type: 'string' },
      'client-secret': { type: 'string' },
      scope: { type: 'string' },
      field: { type: 'string', multiple: true, default: [] },
      group: { type: 'string', multiple: true, default: [] },
      service: { type: 'string', multiple: true, default: [] },
      'fault-status': { type: 'string', default: '200' },
      'exit-with-stdin': { type: 'boolean', default: false },
    },
  });
  const { journal, login, password, 'client-id': clientId, 'client-secret': clientSecret } = values;
  if (!journal || !login || !password) throw new RangeError('--journal, --login and --password are required');
  const lifeSeconds = Number(values['session-seconds']);
  const database = new Database(schemas(readFields(values.field)), Journal.open<JournalEntry>(journal));
  database.ensureNamed('nms:group', values.group);
  database.ensureNamed('nms:service', values.service);
  const parts: SoapServerParts = {
    database,
    sessions: new Sessions(lifeSeconds * 1000, values.bearer),
    faults: new TriggerList<InjectedFault>(() => 1),
    credentials: { login, password },
    tokenClient:
      clientId && clientSecret ? { clientId, clientSecret, scope: values.scope, lifeSeconds } : undefined,
    faultStatus: Number(values['fault-status']),
    counts: { calls: {}, refused: 0, injected: {} },
  };
  const server = createSoapServer(parts);
  const { port } = await listen(server, Number(values.port));
  const control = await startControlServer(Number(values['control-port']), controlRoutes(parts));
  runUntilTold({ url: `http://127.0.0.1:${port}`, controlUrl: control.url }, values['exit-with-stdin'], () =>
    database.journal.close(),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
