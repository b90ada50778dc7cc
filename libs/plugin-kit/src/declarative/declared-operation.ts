import { partOf } from '../runtime/exchanges';
import { isAxiosError, type AxiosResponse } from 'axios';
import { BadPayload, Unclear } from '../errors';
import { itemwise } from '../itemwise';
import { capability, type Capability, type Item } from '../plugin';
import { accepted, rejected, type Verdict } from '../verdict';
import type { DeclaredOperation } from './declaration';
import { verdictOf } from './declared-verdict';
import { evaluator, type Input } from './expression';
import { momentOf, type Moment } from './moment';
import { requester, responseOf, type Ctx, type Settings } from './requester';

/** Items of a call where each takes a request of its own. */
const ONE_BY_ONE = 20;

export function operationOf(
  declared: DeclaredOperation,
  at: string,
  headers: Record<string, string> | undefined,
): Capability<Settings> {
  const { idempotency, ttlSeconds, perSecond, batch = 1 } = declared;
  const send = requester(declared.request, `${at}/request`, headers, 'POST');
  const verdict = declared.verdict === undefined ? undefined : evaluator(declared.verdict, `${at}/verdict`);
  const refusals = (declared.refuse ?? []).map(({ when, ...rest }, index) => ({
    applies: evaluator(when, `${at}/refuse/${index}/when`),
    ...rest,
  }));

  async function refused(item: Item, ctx: Ctx): Promise<Verdict | undefined> {
    for (const { applies, code, reason, pointer } of refusals)
      if ((await applies({ item, settings: ctx.settings }, momentOf([item], ctx))) === true)
        return rejected(code, reason, pointer === undefined ? {} : { pointer });
    return undefined;
  }

  /** What the answer means, by the declaration; undefined leaves it to its status. */
  async function meaning(input: Input, moment: Moment, response: AxiosResponse): Promise<unknown> {
    if (!verdict) return undefined;
    try {
      return await verdict({ ...input, response: responseOf(response) }, moment);
    } catch (error) {
      // It was sent: what cannot be read leaves the outcome open.
      if (error instanceof BadPayload) throw new Unclear(error.code, error.message);
      throw error;
    }
  }

  async function ask(seen: Input, items: Item[], ctx: Ctx): Promise<unknown> {
    const input = { ...seen, settings: ctx.settings };
    const moment = momentOf(items, ctx);
    try {
      return await meaning(input, moment, await send(input, moment, ctx));
    } catch (error) {
      const response = isAxiosError(error) ? error.response : undefined;
      const found = response && (await meaning(input, moment, response));
      if (found === undefined) throw error;
      return found;
    }
  }

  const options = { idempotency, ttlSeconds, perSecond };
  if (batch === 1) {
    const deliver = itemwise<Settings>(async (item, ctx) => {
      const no = await refused(item, ctx);
      if (no) return no;
      const found = await ask({ item }, [item], ctx);
      return found === undefined ? accepted() : verdictOf(found);
    });
    return capability(deliver, { ...options, batch: ONE_BY_ONE });
  }
  return capability<Settings>(
    async (items, ctx) => {
      const verdicts = await Promise.all(items.map((item) => refused(item, ctx)));
      const open = items.filter((_, index) => !verdicts[index]);
      const found = open.length === 0 ? [] : await ask({ items: open }, open, partOf(ctx, open));
      const answers = Array.isArray(found) && found.length === open.length ? found.map(verdictOf) : [];
      const unread: Verdict = { status: 'unknown', code: 'no-verdict' };
      return verdicts.map((one) => one ?? answers.shift() ?? unread);
    },
    { ...options, batch },
  );
}
