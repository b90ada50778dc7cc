import type { AxiosResponse } from 'axios';
import { BadPayload } from '../errors';
import type { Context } from '../plugin';
import type { DeclaredRequest } from './declaration';
import { evaluator, type Input } from './expression';
import type { Moment } from './moment';

export type Settings = Record<string, unknown>;
export type Ctx = Context<Settings>;
export type Requester = (input: Input, moment: Moment, ctx: Ctx) => Promise<AxiosResponse>;

/** Sends what is described; `shared` are the headers that every request has. @throws BadPayload before anything was sent */
export function requester(
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
  return async (input, moment, ctx) => {
    const place = await url(input, moment);
    if (typeof place !== 'string' || !URL.canParse(place))
      throw new BadPayload('no-url', `${at}/url gives no URL.`);
    const values = body && (await body(input, moment));
    const named = await Promise.all(
      headers.map(async ([name, value]) => [name, textOf(await value(input, moment))] as const),
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

/** An answer as expressions see it. */
export function responseOf({ status, headers, data }: AxiosResponse): Record<string, unknown> {
  return { status, headers: { ...headers }, body: data as unknown };
}

function form(values: unknown): string {
  const fields = Object.entries(values as object).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, string] => [name, textOf(one) ?? '']),
  );
  return new URLSearchParams(fields).toString();
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
