import type { Context } from '@percorso/plugin-kit';
import { clientOf } from './client';
import type { CampaignClassicSettings } from './settings';
import { escapeXml, findElement, type XmlElement } from './xml';

export interface Query {
  schema: string;
  /** XPaths, e.g. `@id`, `[recipient/@email]`. */
  select: string[];
  where?: string;
  orderBy?: string;
  lineCount: number;
}

/** The records of an xtk:queryDef select. */
export async function select(ctx: Context<CampaignClassicSettings>, query: Query): Promise<XmlElement[]> {
  const nodes = query.select.map((path) => `<node expr="${escapeXml(path)}"/>`).join('');
  const where = query.where ? `<where><condition expr="${escapeXml(query.where)}"/></where>` : '';
  const order = query.orderBy ? `<orderBy><node expr="${escapeXml(query.orderBy)}"/></orderBy>` : '';
  const answer = await clientOf(ctx).call(ctx, {
    service: 'xtk:queryDef',
    method: 'ExecuteQuery',
    parameters:
      `<entity><queryDef xmlns="" schema="${escapeXml(query.schema)}" operation="select" lineCount="${query.lineCount}">` +
      `<select>${nodes}</select>${where}${order}</queryDef></entity>`,
  });
  return findElement(answer, 'pdomOutput')?.children[0]?.children ?? [];
}

/** A string of the expression language. */
export function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return `'${value.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}

/** The attribute at a path such as `['msg', 'failureType']`. */
export function attributeAt(record: XmlElement, path: string[]): string | undefined {
  let element: XmlElement | undefined = record;
  for (const name of path.slice(0, -1)) element = element?.children.find((child) => child.name === name);
  return element?.attributes[path.at(-1) ?? ''];
}
