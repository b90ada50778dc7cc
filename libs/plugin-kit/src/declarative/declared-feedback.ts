import { BadPayload } from '../errors';
import type { Plugin } from '../plugin';
import type { DeclaredFeedback } from './declaration';
import { eventsOf } from './declared-events';
import { evaluator } from './expression';
import { requester, responseOf, type Settings } from './requester';

export function feedbackOf(
  declared: DeclaredFeedback,
  at: string,
  headers: Record<string, string> | undefined,
): NonNullable<Plugin<Settings>['feedback']> {
  const send = requester(declared.request, `${at}/request`, headers, 'GET');
  const events = evaluator(declared.events, `${at}/events`);
  const next = evaluator(declared.cursor, `${at}/cursor`);
  return async (cursor, ctx) => {
    const input = { settings: ctx.settings, ...(cursor === null ? {} : { cursor }) };
    const moment = { seed: JSON.stringify(cursor ?? null), at: ctx.now() };
    try {
      const response = responseOf(await send(input, moment, ctx));
      const found = eventsOf(await events({ ...input, response }, moment), ctx.log);
      return { events: found, cursor: (await next({ ...input, response }, moment)) ?? cursor };
    } catch (error) {
      if (error instanceof BadPayload) ctx.log.warn(error.message);
      throw error;
    }
  };
}
