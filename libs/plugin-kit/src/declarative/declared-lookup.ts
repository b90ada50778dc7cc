import { isAxiosError } from 'axios';
import type { Item, LookupResult, Plugin } from '../plugin';
import { verdictFor } from '../runtime/classify';
import type { DeclaredLookup } from './declaration';
import { evaluator, type Input } from './expression';
import { momentOf } from './moment';
import { requester, responseOf, type Ctx, type Settings } from './requester';

/** Requests at once. */
const AT_ONCE = 8;

export function lookupOf(
  { request, result, batch = 1 }: DeclaredLookup,
  at: string,
  headers: Record<string, string> | undefined,
): NonNullable<Plugin<Settings>['lookup']> {
  const send = requester(request, `${at}/request`, headers, 'GET');
  const read = result === undefined ? undefined : evaluator(result, `${at}/result`);

  async function answer(input: Input, items: Item[], ctx: Ctx): Promise<unknown> {
    const moment = momentOf(items, ctx);
    let failed: unknown;
    const response = await send(input, moment, ctx).catch((error: unknown) => {
      failed = error;
      return isAxiosError(error) ? error.response : undefined;
    });
    if (!response) throw failed;
    const found = read
      ? await read({ ...input, response: responseOf(response) }, moment)
      : byStatus(response.status);
    if (found === undefined && failed !== undefined) throw failed;
    return found;
  }

  async function ask(items: Item[], ctx: Ctx): Promise<LookupResult[]> {
    const seen = batch === 1 ? { item: items[0] } : { items };
    try {
      const found = await answer({ ...seen, settings: ctx.settings }, items, ctx);
      const list = batch === 1 ? [found] : Array.isArray(found) ? found : [];
      return items.map((_, index) => (list.length === items.length ? resultOf(list[index]) : 'unknown'));
    } catch (error) {
      // Wrong credentials are the connector's; anything else leaves these items in doubt, and no others.
      verdictFor(error);
      return items.map(() => 'unknown');
    }
  }

  return async (items, ctx) => {
    const parts = Array.from({ length: Math.ceil(items.length / batch) }, (_, part) =>
      items.slice(part * batch, (part + 1) * batch),
    );
    const found: LookupResult[][] = [];
    const waiting = parts.entries();
    const work = async (): Promise<void> => {
      for (const [index, part] of waiting) found[index] = await ask(part, ctx);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, parts.length) }, work));
    return found.flat();
  };
}

function byStatus(status: number): LookupResult | undefined {
  if (status === 404) return 'absent';
  return status < 300 ? 'accepted' : undefined;
}

const resultOf = (value: unknown): LookupResult =>
  value === 'accepted' || value === 'absent' ? value : 'unknown';
