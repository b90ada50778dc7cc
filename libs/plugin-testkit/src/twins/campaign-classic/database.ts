import { randomUUID } from 'node:crypto';
import { Journal } from '../journal';
import { DeliveryLogInput, Effect, JournalEntry, Row } from './contract';
import { ROOT_FOLDER, Schema } from './schemas';
import { DataError } from './soap-fault';
import { parseTime } from './column-value';
import { Store } from './store';
import { Writer } from './writer';

const STATUS = { ignored: 0, sent: 1, failed: 2, pending: 6 } as const;

/** Rows and their journal: what a call changes is on disk before the call is answered, or it is not changed at all. */
export class Database {
  readonly store: Store;
  readonly effects: Record<Effect, number> = { inserted: 0, updated: 0, unchanged: 0, noop: 0, deleted: 0 };

  constructor(
    readonly schemas: ReadonlyMap<string, Schema>,
    readonly journal: Journal<JournalEntry>,
  ) {
    this.store = new Store(schemas);
    this.store.write('xtk:folder', ROOT_FOLDER, { name: 'nmsRootRecipient', label: 'Recipients' });
    for (const entry of journal.since(0)) this.replay(entry);
  }

  /** Runs one call's writes as a whole. */
  change<T>(method: string, work: (writer: Writer) => T): T {
    const now = new Date();
    const writer = new Writer(this.store, randomUUID(), method, now);
    const result = this.store.atomically(() => {
      const value = work(writer);
      this.journal.append(writer.entries, now);
      return value;
    });
    for (const entry of writer.entries) this.effects[entry.effect] += 1;
    return result;
  }

  /** Creates the groups or services that are not there yet. */
  ensureNamed(schemaId: 'nms:group' | 'nms:service', names: string[]): void {
    this.change('_twin', (writer) => {
      for (const name of names) {
        const found = this.store.find(schemaId, { name });
        if (found.length === 0)
          writer.put(this.schema(schemaId), 'insert', { name, label: name }, { name }, found);
      }
    });
  }

  /** Recipients that are in the group. */
  groupMembers(name: string): Row[] {
    const [group] = this.store.find('nms:group', { name });
    if (group === undefined) return [];
    return this.store.find('nms:rcpGrpRel', { 'rcpGroup-id': group }).flatMap((relation) => {
      const row = this.store.get('nms:rcpGrpRel', relation);
      return this.store.get('nms:recipient', Number(row?.['recipient-id'])) ?? [];
    });
  }

  /** Makes delivery logs as the original's delivery server would; returns their ids. */
  addDeliveryLogs(logs: DeliveryLogInput[]): number[] {
    return this.change('_twin', (writer) => logs.map((log) => this.addDeliveryLog(writer, log)));
  }

  private addDeliveryLog(writer: Writer, log: DeliveryLogInput): number {
    const [recipient] = this.store.find('nms:recipient', { email: log.email });
    if (recipient === undefined) throw new DataError('a delivery log needs an existing recipient');
    if (!(log.status in STATUS)) throw new DataError(`unknown delivery status ${String(log.status)}`);
    const insert = (schema: string, values: Parameters<Writer['put']>[2]): number =>
      writer.put(this.schema(schema), 'insert', values, undefined, []);
    const label = log.deliveryLabel ?? 'Delivery';
    const [delivery] = this.store.find('nms:delivery', { label });
    const eventDate = parseTime(log.eventDate ?? new Date().toISOString());
    if (eventDate === undefined) throw new DataError(`${String(log.eventDate)} is not a time`);
    const failed = log.failureReason !== undefined || log.failureType !== undefined || log.text !== undefined;
    const message = {
      failureReason: log.failureReason ?? 0,
      failureType: log.failureType ?? 0,
      text: log.text ?? null,
    };
    return insert('nms:broadLogRcp', {
      status: STATUS[log.status],
      address: log.email,
      eventDate,
      'recipient-id': recipient,
      'delivery-id': delivery ?? insert('nms:delivery', { label, internalName: `DM${this.store.nextId()}` }),
      'msg-id': failed ? insert('nms:broadLogMsg', message) : null,
    });
  }

  schema(id: string): Schema {
    const schema = this.schemas.get(id);
    if (!schema) throw new DataError(`unknown schema ${id}`);
    return schema;
  }

  private replay(entry: JournalEntry): void {
    this.effects[entry.effect] += 1;
    if (entry.effect === 'inserted' || entry.effect === 'updated')
      this.store.write(entry.schema, entry.id, entry.attributes);
    if (entry.effect === 'deleted') this.store.remove(entry.schema, entry.id);
  }
}
