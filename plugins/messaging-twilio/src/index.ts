import { capability, definePlugin } from '@percorso/plugin-kit';
import { receipts } from './receipts';
import { check, send } from './send';
import { TwilioSettings } from './settings';

/** Text messages through Twilio, which has no keys: a message whose fate is unknown stays listed as such. */
export default definePlugin({
  settings: TwilioSettings,
  check,
  send: capability(send, { idempotency: 'none', batch: 50, perSecond: 100 }),
  receipts,
});
