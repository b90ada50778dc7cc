import { isAxiosError, type AxiosResponse } from 'axios';
import { BadPayload, Unclear } from '../errors';
import { itemwise } from '../itemwise';
import { capability, type Capability, type Context, type Item, OPERATIONS, type Plugin } from '../plugin';
import { accepted, rejected, type Verdict } from '../verdict';
import { parseDeclaration, type DeclaredOperation, type DeclaredRequest } from './declaration';
import { compile } from './expression';
import { settingsClass } from './settings-class';
import { verdictOf } from './declared-verdict';

type Settings = Record<string, unknown>;
type Ctx = Context<Settings>;
type Input = Record<string, unknown>;

/** What is wrong with a declaration, one line each. */
export class BadDeclaration extends TypeError {
  override readonly name = 'BadDeclaration';
}

/** Items of a call where each takes a request of its own. */
const ONE_BY_ONE = 20;

/** A plugin out of a declaration (the JSON of its file). @throws BadDeclaration naming every place that is wrong */
export function declarativePlugin(given: unknown): Plugin<Settings> {
  const parsed = parseDeclaration(given);
  if ('errors' in parsed)
    throw new BadDeclaration(
      parsed.errors.map(({ pointer, message }) => `${pointer || '/'} ${message}`).join('; '),
    );
  const { declaration } = parsed;
  const check = requester(declaration.check, '/check', declaration.headers, 'GET');
  const operations = OPERATIONS.flatMap((name): [string, Capability<Settings>][] => {
    const declared = declaration[name];
    return declared ? [[name, operationOf(declared, `/${name}`, declaration.headers)]] : [];
  });
  return {
    settings: settingsClass(declaration.settings),
    check: async (ctx) => void (await check({ settings: ctx.settings }, ctx)),
    ...Object.fromEntries(operations),
  };
}

function operationOf(
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
      if ((await applies({ item, settings: ctx.settings })) === true)
        return rejected(code, reason, pointer === undefined ? {} : { pointer });
    return undefined;
  }

  /** What the answer means, by the declaration; undefined leaves it to its status. */
  async function meaning(input: Input, { status, headers: given, data }: AxiosResponse): Promise<unknown> {
    if (!verdict) return undefined;
    try {
      return await verdict({ ...input, response: { status, headers: { ...given }, body: data } });
    } catch (error) {
      // It was sent: what cannot be read leaves the outcome open.
      if (error instanceof BadPayload) throw new Unclear(error.code, error.message);
      throw error;
    }
  }

  async function ask(input: Input, ctx: Ctx): Promise<unknown> {
    try {
      return await meaning(input, await send(input, ctx));
    } catch (error) {
      const response = isAxiosError(error) ? error.response : undefined;
      const found = response && (await meaning(input, response));
      if (found === undefined) throw error;
      return found;
    }
  }

  const options = { idempotency, ttlSeconds, perSecond };
  if (batch === 1) {
    const deliver = itemwise<Settings>(async (item, ctx) => {
      const no = await refused(item, ctx);
      if (no) return no;
      const found = await ask({ item, settings: ctx.settings }, ctx);
      return found === undefined ? accepted() : verdictOf(found);
    });
    return capability(deliver, { ...options, batch: ONE_BY_ONE });
  }
  return capability<Settings>(
    async (items, ctx) => {
      const verdicts = await Promise.all(items.map((item) => refused(item, ctx)));
      const open = items.filter((_, at) => !verdicts[at]);
      const found = open.length === 0 ? [] : await ask({ items: open, settings: ctx.settings }, ctx);
      const answers = Array.isArray(found) && found.length === open.length ? found.map(verdictOf) : [];
      const unread: Verdict = { status: 'unknown', code: 'no-verdict' };
      return verdicts.map((verdict) => verdict ?? answers.shift() ?? unread);
    },
    { ...options, batch },
  );
}

type Requester = (input: Input, ctx: Ctx) => Promise<AxiosResponse>;

function requester(
  request: DeclaredRequest,
  at: string,
  shared: Record<string, string> = {},
  usualMethod: string,
): Requester {
  const { method = usualMethod, type = 'json' } = request;
  const url = evaluator(request.url, `${at}/url`);
  const body = request.body === undefined ? undefined : evaluator(request.body, `${at}/body`);
  const headers = [
    ...Object.entries(shared).map(([name, text]) => [name, evaluator(text, `/headers/${name}`)] as const),
    ...Object.entries(request.headers ?? {}).map(
      ([name, text]) => [name, evaluator(text, `${at}/headers/${name}`)] as const,
    ),
  ];
  const contentType = type === 'form' ? 'application/x-www-form-urlencoded' : 'application/json';
  return async (input, ctx) => {
    const place = await url(input);
    if (typeof place !== 'string' || !URL.canParse(place))
      throw new BadPayload('no-url', `${at}/url gives no URL.`);
    const values = body && (await body(input));
    const named = await Promise.all(
      headers.map(async ([name, value]) => [name, text(await value(input))] as const),
    );
    return ctx.http.request({
      method,
      url: place,
      headers: {
        ...(values === undefined ? {} : { 'content-type': contentType }),
        ...Object.fromEntries(named.filter(([, value]) => value !== undefined)),
      },
      data: values === undefined ? undefined : type === 'form' ? form(values) : JSON.stringify(values),
    });
  };
}

/** @throws BadPayload `expression-failed`, before anything was sent; JSONata's own words may quote the data, so they stay here */
function evaluator(text: string, at: string): (input: Input) => Promise<unknown> {
  const expression = compile(text);
  return async (input) => {
    try {
      const value: unknown = await expression.evaluate(input);
      // Lists of JSONata's carry marks of its own.
      return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
    } catch (error) {
      const { code } = error as { code?: unknown };
      throw new BadPayload(
        'expression-failed',
        `${at} fails${typeof code === 'string' ? ` (${code})` : ''}.`,
      );
    }
  };
}

function form(values: unknown): string {
  const fields = Object.entries(values as object).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, text(one) ?? '']),
  );
  return new URLSearchParams(fields).toString();
}

function text(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
