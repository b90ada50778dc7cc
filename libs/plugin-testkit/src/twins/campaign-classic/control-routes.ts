import { ControlRefusal, ControlRoute, Lines } from '../control-server';
import { TriggerList } from '../trigger';
import { DeliveryLogInput, FAULT_KINDS, InjectedFault, TwinCounters } from './contract';
import { Database } from './database';
import { Sessions } from './sessions';
import { DataError } from './soap-fault';
import { SoapServerParts } from './soap-server';

/** The control surface: reading what arrived, making faults happen. */
export function controlRoutes(parts: SoapServerParts): ControlRoute[] {
  const { database, faults, sessions } = parts;
  return [
    ['GET', /^\/_twin\/rows$/, ({ query }) => rows(database, query.get('schema') ?? 'nms:recipient')],
    [
      'GET',
      /^\/_twin\/groups\/([^/]+)\/members$/,
      ({ params }) => new Lines(database.groupMembers(params[0] ?? '')),
    ],
    [
      'GET',
      /^\/_twin\/journal$/,
      ({ query }) => new Lines(database.journal.since(Number(query.get('since') ?? 0))),
    ],
    ['GET', /^\/_twin\/counters$/, () => counters(parts)],
    ['GET', /^\/_twin\/faults$/, () => faults.list()],
    ['POST', /^\/_twin\/faults$/, ({ body }) => ({ id: addFault(faults, body) })],
    ['DELETE', /^\/_twin\/faults(?:\/([^/]+))?$/, ({ params }) => faults.clear(params[0] || undefined)],
    ['POST', /^\/_twin\/sessions\/expire$/, () => sessions.expireAll()],
    ['POST', /^\/_twin\/delivery-logs$/, ({ body }) => ({ ids: addDeliveryLogs(database, body) })],
  ];
}

function rows(database: Database, schema: string): Lines {
  if (!database.schemas.has(schema)) throw new ControlRefusal(`unknown schema ${schema}`);
  return new Lines(database.store.rows(schema));
}

function counters({ database, sessions, counts }: SoapServerParts): TwinCounters {
  return {
    ...counts,
    rows: database.effects,
    logons: sessions.logons,
    openSessions: openCount(sessions),
  };
}

function openCount(sessions: Sessions): number {
  return sessions.openCount(new Date());
}

function addFault(faults: TriggerList<InjectedFault>, body: unknown): string {
  const fault = body as InjectedFault | undefined;
  if (!fault || !FAULT_KINDS.includes(fault.kind))
    throw new ControlRefusal(`kind must be one of ${FAULT_KINDS.join(', ')}`);
  if ((fault.kind === 'slow' || fault.kind === 'slowBody') && typeof fault.ms !== 'number')
    throw new ControlRefusal(`${fault.kind} needs ms`);
  return faults.add(fault);
}

function addDeliveryLogs(database: Database, body: unknown): number[] {
  if (!Array.isArray(body)) throw new ControlRefusal('the body must be an array of delivery logs');
  try {
    return database.addDeliveryLogs(body as DeliveryLogInput[]);
  } catch (error) {
    if (error instanceof DataError) throw new ControlRefusal(error.message);
    throw error;
  }
}
