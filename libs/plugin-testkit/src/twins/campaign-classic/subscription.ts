import { Database } from './database';
import { readRecord, RecordElement } from './record-element';
import { DataError } from './soap-fault';
import { XmlElement } from './xml';

/** Subscribes a recipient, found by its key, to the named services, updating its other columns too. */
export function subscribe(database: Database, services: string, xml: XmlElement, create: boolean): void {
  const record = readRecipient(database, xml, create ? 'insertOrUpdate' : 'update');
  const names = serviceNames(services);
  if (names.length === 0) throw new DataError('No service is named');
  const ids = names.map((name) => serviceId(database, name));
  database.change('Subscribe', (writer) => {
    const recipient = writer.write(record);
    if (recipient === 0) throw new DataError('The recipient does not exist and is not to be created');
    for (const service of ids) {
      const key = { 'recipient-id': recipient, 'service-id': service };
      const found = database.store.find('nms:subscription', key);
      writer.put(database.schema('nms:subscription'), 'insertOrUpdate', key, key, found);
    }
  });
}

/** Ends the subscriptions; with no service named, the recipient goes on the denylist. An absent recipient is no error. */
export function unsubscribe(database: Database, services: string, xml: XmlElement): void {
  const record = readRecipient(database, xml, 'update');
  const names = serviceNames(services);
  if (names.length === 0) record.values['blackList'] = true;
  const ids = names.map((name) => serviceId(database, name));
  database.change('Unsubscribe', (writer) => {
    const recipient = writer.write(record);
    if (recipient === 0) return;
    for (const service of ids) {
      const key = { 'recipient-id': recipient, 'service-id': service };
      for (const id of database.store.find('nms:subscription', key))
        writer.remove('nms:subscription', key, id);
    }
  });
}

function readRecipient(
  database: Database,
  xml: XmlElement,
  operation: RecordElement['operation'],
): RecordElement {
  if (xml.local !== 'recipient') throw new DataError(`Element '${xml.local}' is not 'recipient'`);
  const record = readRecord(database.schemas, database.schema('nms:recipient'), xml);
  if (!record.key) throw new DataError('The recipient has no _key');
  return { ...record, operation };
}

function serviceNames(list: string): string[] {
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function serviceId(database: Database, name: string): number {
  const [id] = database.store.find('nms:service', { name });
  if (id === undefined) throw new DataError(`Unable to find service '${name}'`);
  return id;
}
