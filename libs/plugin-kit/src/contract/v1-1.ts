import type { Capability, Item, Plugin } from '../plugin';
import type { Verdict } from '../verdict';
import type { ContractVersion } from './contract-version';

/** As its plugins see it: no calls, so that an accepted item has an id at most, and items without a time. */
export const v1_1: ContractVersion = {
  version: '1.1',
  kinds: ['messaging', 'campaign'],
  capabilities: ['send', 'upsert', 'remove', 'lookup', 'receipts', 'feedback'],
  toNext: (plugin) => ({
    settings: plugin.settings,
    ...(plugin.migrateSettings && { migrateSettings: plugin.migrateSettings }),
    check: (ctx) => plugin.check(ctx),
    ...operation(plugin, 'send'),
    ...operation(plugin, 'upsert'),
    ...operation(plugin, 'remove'),
    ...(plugin.lookup && { lookup: async (items, ctx) => plugin.lookup!(items.map(toItem), ctx) }),
    ...(plugin.receipts && {
      receipts: async (raw, ctx, request) => plugin.receipts!(raw, ctx, request),
    }),
    ...(plugin.feedback && { feedback: async (cursor, ctx) => plugin.feedback!(cursor, ctx) }),
  }),
};

function operation(plugin: Plugin, name: 'send' | 'upsert' | 'remove'): Partial<Plugin> {
  const found = plugin[name];
  if (!found) return {};
  const { idempotency, ttlSeconds, batch, perSecond } = found;
  const adapted: Capability<object> = {
    ...{ idempotency, ttlSeconds, batch, perSecond },
    deliver: async (items, ctx) => fromVerdicts(await found.deliver(items.map(toItem), ctx)),
  };
  return { [name]: adapted };
}

/** Only what 1.1 knows of an item: a plugin may send all of it on. */
const toItem = ({ key, payload }: Item): Item => ({ key, payload });

/** What is no list of verdicts is left for the host to judge. */
function fromVerdicts(verdicts: Verdict[]): Verdict[] {
  if (!Array.isArray(verdicts)) return verdicts;
  return verdicts.map((verdict) => {
    if (verdict?.status !== 'accepted') return verdict;
    const { status, providerId } = verdict;
    return providerId === undefined ? { status } : { status, providerId };
  });
}
