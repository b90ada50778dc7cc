import { parseArgs } from 'node:util';
import { ControlRefusal, type ControlRoute, Lines, startControlServer } from '../control-server';
import { Journal, type JournalLine } from '../journal';
import { runUntilTold } from '../run-until-told';
import { HTTP_FAULT_KINDS, type HttpFault } from './http-fault';
import { type Call, HttpProvider, type Reply } from './http-provider';

/** A vendor's API: what it answers, and what it can be told besides. */
export interface Vendor {
  answer(call: Call): Reply;
  routes: ControlRoute[];
}

/** Runs a vendor's API with its journal and control surface until it is told to end. */
export async function serveTwin<E extends object>(
  options: readonly string[],
  make: (journal: Journal<E & JournalLine>, given: Record<string, string>) => Vendor,
): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(['port', 'control-port', 'journal', ...options].map((name) => [name, text])),
      'exit-with-stdin': { type: 'boolean', default: false },
    },
  });
  const given = values as unknown as Record<string, string>;
  for (const name of ['journal', ...options])
    if (given[name] === undefined) throw new RangeError(`--${name} is required`);
  const journal = Journal.open<E & JournalLine>(String(given['journal']));
  const vendor = make(journal, given);
  const provider = await new HttpProvider((call) => vendor.answer(call)).start(Number(given['port'] ?? 0));
  const control = await startControlServer(Number(given['control-port'] ?? 0), [
    ['GET', /^\/_twin\/messages$/, ({ query }) => new Lines(journal.since(Number(query.get('since') ?? 0)))],
    ['GET', /^\/_twin\/calls$/, () => new Lines(provider.calls)],
    ['GET', /^\/_twin\/faults$/, () => provider.faults.list()],
    ['POST', /^\/_twin\/faults$/, ({ body }) => provider.inject(readFault(body))],
    [
      'DELETE',
      /^\/_twin\/faults(?:\/([^/]+))?$/,
      ({ params }) => provider.faults.clear(params[0] || undefined),
    ],
    ...vendor.routes,
  ]);
  runUntilTold({ url: provider.url, controlUrl: control.url }, Boolean(values['exit-with-stdin']), () =>
    journal.close(),
  );
}

/** For a twin's main: what went wrong is said on standard error. */
export function orExit(started: Promise<void>): void {
  started.catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
}

function readFault(body: unknown): HttpFault {
  const fault = body as HttpFault | undefined;
  if (!fault || !HTTP_FAULT_KINDS.includes(fault.kind))
    throw new ControlRefusal(`kind must be one of ${HTTP_FAULT_KINDS.join(', ')}`);
  if ((fault.kind === 'slow' || fault.kind === 'slowBody') && typeof fault.ms !== 'number')
    throw new ControlRefusal(`${fault.kind} needs ms`);
  return fault;
}
