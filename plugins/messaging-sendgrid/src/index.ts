import { capability, definePlugin } from '@percorso/plugin-kit';
import { receipts } from './receipts';
import { check, send } from './send';
import { SendGridSettings } from './settings';

/** E-mail through SendGrid, which has no keys: a mail whose fate is unknown stays listed as such. */
export default definePlugin({
  settings: SendGridSettings,
  check,
  send: capability(send, { idempotency: 'none', batch: 1000, perSecond: 1000 }),
  receipts,
});
