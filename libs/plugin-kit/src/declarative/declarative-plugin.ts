import { OPERATIONS, type Capability, type Plugin } from '../plugin';
import { feedbackOf } from './declared-feedback';
import { lookupOf } from './declared-lookup';
import { operationOf } from './declared-operation';
import { receiptsOf } from './declared-receipts';
import { parseDeclaration } from './read-declaration';
import { requester, type Settings } from './requester';
import { settingsClass } from './settings-class';

/** What is wrong with a declaration, one line each. */
export class BadDeclaration extends TypeError {
  override readonly name = 'BadDeclaration';
}

/** A plugin out of a declaration (the JSON of its file). @throws BadDeclaration naming every place that is wrong */
export function declarativePlugin(given: unknown): Plugin<Settings> {
  const parsed = parseDeclaration(given);
  if ('errors' in parsed)
    throw new BadDeclaration(
      parsed.errors.map(({ pointer, message }) => `${pointer || '/'} ${message}`).join('; '),
    );
  const { settings, headers, check: checked, lookup, receipts, feedback, ...rest } = parsed.declaration;
  const check = requester(checked, '/check', headers, 'GET');
  const operations = OPERATIONS.flatMap((name): [string, Capability<Settings>][] => {
    const declared = rest[name];
    return declared ? [[name, operationOf(declared, `/${name}`, headers)]] : [];
  });
  return {
    settings: settingsClass(settings),
    check: async (ctx) =>
      void (await check({ settings: ctx.settings }, { seed: 'check', at: ctx.now() }, ctx)),
    ...Object.fromEntries(operations),
    ...(lookup && { lookup: lookupOf(lookup, '/lookup', headers) }),
    ...(receipts && { receipts: receiptsOf(receipts, '/receipts') }),
    ...(feedback && { feedback: feedbackOf(feedback, '/feedback', headers) }),
  };
}
