import { capability, definePlugin } from '@percorso/plugin-kit';
import { receipts } from './receipts';
import { send } from './send';
import { SmtpSession } from './session';
import { SmtpSettings } from './settings';

/** E-mail over SMTP. SMTP has no keys: a message whose fate is unknown stays listed as such. */
export default definePlugin({
  settings: SmtpSettings,
  check: async (ctx) => (await SmtpSession.open(ctx)).close(),
  send: capability(send, { idempotency: 'none', batch: 50, perSecond: 100 }),
  receipts,
});
