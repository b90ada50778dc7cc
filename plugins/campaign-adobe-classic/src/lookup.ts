import type { Context, Item, LookupResult } from '@percorso/plugin-kit';
import { attributeAt, literal, select } from './query';
import { isKeyValue, keyPaths, valueAt } from './record';
import type { CampaignClassicSettings } from './settings';
import { isXmlText, type XmlElement } from './xml';

const ITEMS_PER_QUERY = 100;

/** 'accepted' when Campaign holds the record with the fields of the item; otherwise 'absent'. */
export async function lookup(items: Item[], ctx: Context<CampaignClassicSettings>): Promise<LookupResult[]> {
  const results: LookupResult[] = [];
  for (let start = 0; start < items.length; start += ITEMS_PER_QUERY) {
    results.push(...(await lookupSome(items.slice(start, start + ITEMS_PER_QUERY), ctx)));
  }
  return results;
}

async function lookupSome(items: Item[], ctx: Context<CampaignClassicSettings>): Promise<LookupResult[]> {
  const paths = keyPaths(ctx.settings.key);
  const keyed = items.map(({ payload }) => paths.map((path) => valueAt(payload, path)));
  const known = keyed.filter(isWholeKey);
  if (known.length === 0) return items.map(() => 'unknown');
  const fields = [...new Set(items.flatMap(({ payload }) => plainFields(payload)))];
  const records = await select(ctx, {
    schema: ctx.settings.schema,
    select: [...new Set([...paths.map(toXPath), ...fields.map((field) => `@${field}`)])],
    where: known
      .map(
        (key) =>
          `(${key.map((value, index) => `${toXPath(paths[index] ?? [])} = ${literal(value)}`).join(' AND ')})`,
      )
      .join(' OR '),
    lineCount: 5000,
  });
  return items.map(({ payload }, index) => {
    const key = keyed[index] ?? [];
    if (!isWholeKey(key)) return 'unknown';
    const mine = records.filter((record) =>
      paths.every((path, at) => attributeAt(record, path) === String(key[at])),
    );
    return mine.some((record) => holds(record, payload)) ? 'accepted' : 'absent';
  });
}

function isWholeKey(key: unknown[]): key is (string | number)[] {
  return key.every((value) => isKeyValue(value) && isXmlText(String(value)));
}

function plainFields(payload: Record<string, unknown>): string[] {
  return Object.keys(payload)
    .filter((key) => /^@?[A-Za-z_][\w-]*$/.test(key) && typeof payload[key] !== 'object')
    .map((key) => key.replace(/^@/, ''));
}

function holds(record: XmlElement, payload: Record<string, unknown>): boolean {
  return plainFields(payload).every((field) => {
    const value = payload[field] ?? payload[`@${field}`];
    const expected = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
    return (record.attributes[field] ?? '') === expected;
  });
}

function toXPath(path: string[]): string {
  return path.length === 1 ? `@${path[0]}` : `[${path.slice(0, -1).join('/')}/@${path.at(-1)}]`;
}
