import {
  accepted,
  partOf,
  rejected,
  retry,
  verdictFor,
  type Context,
  type Item,
  type Verdict,
} from '@percorso/plugin-kit';
import { clientOf } from './client';
import { isKeyValue, keyPaths, recordXml, valueAt } from './record';
import type { CampaignClassicSettings } from './settings';
import { connectorFault, SoapFault } from './soap';

type Ctx = Context<CampaignClassicSettings>;
interface Row {
  index: number;
  item: Item;
  xml: string;
  fields: string[];
}

/** Inserts or updates one record per item. */
export function upsert(items: Item[], ctx: Ctx): Promise<Verdict[]> {
  const { operation } = ctx.settings;
  return write(items, ctx, operation, (payload) => payload);
}

/** Marks or deletes the record of each item; only the key of its payload is used. */
export function remove(items: Item[], ctx: Ctx): Promise<Verdict[]> {
  const { removeOperation, removeField, removeValue, key } = ctx.settings;
  return write(items, ctx, removeOperation, (payload) => ({
    ...onlyKey(payload, keyPaths(key)),
    ...(removeOperation === 'update' ? { [removeField]: removeValue } : {}),
  }));
}

async function write(
  items: Item[],
  ctx: Ctx,
  operation: string,
  shape: (payload: Record<string, unknown>) => Record<string, unknown>,
): Promise<Verdict[]> {
  const { schema, key, rowsPerCall } = ctx.settings;
  const verdicts: Verdict[] = [];
  const rows: Row[] = [];
  const name = schema.slice(schema.indexOf(':') + 1);
  items.forEach((item, index) => {
    const { payload } = item;
    const missing = keyPaths(key).find((path) => !isKeyValue(valueAt(payload, path)));
    const record = missing
      ? {
          verdict: rejected('missing-key', `The key field ${missing.join('/')} has no value.`, {
            pointer: `/${missing.join('/')}`,
          }),
        }
      : recordXml(name, shape(payload), { _key: key, _operation: operation });
    if ('xml' in record) rows.push({ index, item, xml: record.xml, fields: Object.keys(payload) });
    else verdicts[index] = record.verdict;
  });
  const writer = new CollectionWriter(ctx, name, verdicts);
  for (let start = 0; start < rows.length; start += rowsPerCall) {
    await writer.write(rows.slice(start, start + rowsPerCall));
  }
  return verdicts;
}

/** Writes collections, halving one that is refused until the rows at fault stand alone. */
class CollectionWriter {
  /** Once Campaign is in trouble, the rows not tried yet wait instead of adding to it. */
  private halted?: Verdict;

  constructor(
    private readonly ctx: Ctx,
    private readonly name: string,
    private readonly verdicts: Verdict[],
  ) {}

  async write(rows: Row[]): Promise<void> {
    if (this.halted || this.ctx.signal.aborted) {
      this.answer(rows, this.halted ?? retry(undefined, 'deadline'));
      return;
    }
    try {
      await this.send(rows);
      this.answer(rows, accepted());
    } catch (error) {
      if (error instanceof SoapFault && !connectorFault(error)) await this.split(rows, error);
      else this.halt(rows, error instanceof SoapFault ? connectorFault(error) : error);
    }
  }

  private async send(rows: Row[]): Promise<void> {
    const { settings } = this.ctx;
    const ctx = partOf(
      this.ctx,
      rows.map(({ item }) => item),
    );
    const collection = `<${this.name}-collection xmlns="" xtkschema="${settings.schema}">${rows.map((row) => row.xml).join('')}</${this.name}-collection>`;
    await clientOf(ctx).call(ctx, {
      service: settings.persistService,
      method: 'WriteCollection',
      parameters: `<domDoc>${collection}</domDoc>`,
    });
  }

  /** A fault means that nothing of the collection was written, so its halves can be tried. */
  private async split(rows: Row[], fault: SoapFault): Promise<void> {
    if (rows.length === 1) {
      const [{ fields } = { fields: [] }] = rows;
      this.answer(rows, rejected(fault.code, withoutValues(fault.text), fieldAtFault(fault.text, fields)));
      return;
    }
    const middle = Math.ceil(rows.length / 2);
    await this.write(rows.slice(0, middle));
    await this.write(rows.slice(middle));
  }

  private halt(rows: Row[], error: unknown): void {
    const some = this.verdicts.some((verdict) => verdict?.status === 'accepted');
    const verdict = some ? softened(error) : verdictFor(error);
    this.halted = verdict.status === 'retry' ? verdict : retry(undefined, 'not-tried');
    this.answer(rows, verdict);
  }

  private answer(rows: Row[], verdict: Verdict): void {
    for (const { index } of rows) this.verdicts[index] = verdict;
  }
}

/** A fault of the connector in mid-batch must not take back the rows already answered. */
function softened(error: unknown): Verdict {
  try {
    return verdictFor(error);
  } catch {
    return retry(undefined, 'connector-fault');
  }
}

/** Campaign names the attribute it stumbled over; it is pointed at when the payload has it. */
function fieldAtFault(text: string, fields: string[]): { pointer?: string } {
  const named = [...text.matchAll(/@([A-Za-z_][\w-]*)/g)].map((match) => match[1]);
  const field = fields.find((one) => named.includes(one.replace(/^@/, '')));
  return field === undefined ? {} : { pointer: `/${field}` };
}

function onlyKey(payload: Record<string, unknown>, paths: string[][]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const path of paths) {
    let target = result;
    for (const name of path.slice(0, -1)) target = (target[name] ??= {}) as Record<string, unknown>;
    target[path.at(-1) ?? ''] = valueAt(payload, path);
  }
  return result;
}

/** Database messages quote the values at fault; reasons are kept, people are not. */
export function withoutValues(text: string): string {
  return text
    .replace(/[^\s<>@'"]+@[^\s<>@'"]+\.[^\s<>@'"]+/g, '…')
    .replace(/=\([^)]*\)/g, '=(…)')
    .slice(0, 500);
}
