import { IsString, IsUrl } from 'class-validator';
import {
  accepted,
  BadPayload,
  capability,
  definePlugin,
  Secret,
  Setting,
  type Context,
  type Item,
} from '@percorso/plugin-kit';

class Settings {
  @Setting({ title: 'API', placeholder: 'https://api.texts.test' })
  @IsUrl({ require_tld: false, require_protocol: true })
  url!: string;

  @Secret({ title: 'API key' })
  @IsString()
  apiKey!: string;
}

function headers({ settings }: Context<Settings>): Record<string, string> {
  return { authorization: `Bearer ${settings.apiKey}` };
}

async function sendText(items: Item[], ctx: Context<Settings>) {
  const [item] = items as [Item];
  if (String(item.payload['text']).length > 1600)
    throw new BadPayload('too-long', 'A text has at most 1600 characters.');
  const url = `${ctx.settings.url}/texts`;
  const { data } = await ctx.http.post<{ id: string }>(url, item.payload, {
    headers: { ...headers(ctx), 'idempotency-key': item.key },
  });
  return [accepted(data.id)];
}

/** All a first plugin needs: settings, a check, one capability, verdicts and errors. */
export default definePlugin({
  settings: Settings,
  check: async (ctx) => void (await ctx.http.get(`${ctx.settings.url}/me`, { headers: headers(ctx) })),
  send: capability(sendText, { idempotency: 'native-key', ttlSeconds: 86_400, batch: 1, perSecond: 50 }),
});
