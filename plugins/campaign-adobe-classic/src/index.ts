import { capability, definePlugin } from '@percorso/plugin-kit';
import { check } from './check';
import { feedback } from './feedback';
import { lookup } from './lookup';
import { CampaignClassicSettings } from './settings';
import { remove, upsert } from './write';

const OPTIONS = { idempotency: 'upsert', batch: 200, perSecond: 2000 } as const;

/** Adobe Campaign Classic v7 and v8 over SOAP: records by key, and what its deliveries came to. */
export default definePlugin({
  settings: CampaignClassicSettings,
  check,
  upsert: capability(upsert, OPTIONS),
  remove: capability(remove, OPTIONS),
  lookup,
  feedback,
});
