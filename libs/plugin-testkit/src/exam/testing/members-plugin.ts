import { createHmac, timingSafeEqual } from 'node:crypto';
import { IsString, IsUrl } from 'class-validator';
import {
  accepted,
  answered,
  BadReceipt,
  capability,
  definePlugin,
  rejected,
  Secret,
  Setting,
  type Context,
  type Item,
  type MessageEvent,
  type ReceiptRequest,
  type Verdict,
} from '@percorso/plugin-kit';

class Settings {
  @Setting({ title: 'API' })
  @IsUrl({ require_tld: false, require_protocol: true })
  url!: string;

  @Secret({ title: 'API key' })
  @IsString()
  apiKey!: string;
}

type Ctx = Context<Settings>;
interface Result {
  ok: boolean;
  error?: string;
  points?: number;
}

const MAX_NAME = 1000;
const PATIENCE_MS = 5 * 60_000;

async function write(path: string, items: Item[], ctx: Ctx): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const fitting = items.flatMap((item, at) => {
    if (String(item.payload['name']).length <= MAX_NAME) return [{ item, at }];
    verdicts[at] = rejected('too-long', `A name has at most ${MAX_NAME} characters.`, { pointer: '/name' });
    return [];
  });
  if (fitting.length === 0) return verdicts;
  const { data } = await ctx.http.post<{ results: Result[] }>(
    `${ctx.settings.url}/${path}`,
    { members: fitting.map(({ item }) => item.payload) },
    { headers: { authorization: `Bearer ${ctx.settings.apiKey}` } },
  );
  fitting.forEach(({ at }, n) => {
    const { ok, error = 'refused', points } = data.results[n] as Result;
    const good = points === undefined ? accepted() : answered({ points });
    verdicts[at] = ok ? good : rejected(error, 'The provider refuses the member.');
  });
  return verdicts;
}

/** Everything a plugin can do, in one: batches, removal, calls, lookup, signed receipts and feedback. For the exam's spec. */
export default definePlugin({
  settings: Settings,
  check: async ({ http, settings }) =>
    void (await http.get(`${settings.url}/me`, { headers: { authorization: `Bearer ${settings.apiKey}` } })),
  upsert: capability<Settings>((items, ctx) => write('members', items, ctx), {
    idempotency: 'upsert',
    batch: 8,
    perSecond: 100,
  }),
  remove: capability<Settings>((items, ctx) => write('removals', items, ctx), {
    idempotency: 'upsert',
    batch: 8,
    perSecond: 100,
  }),
  call: capability<Settings>((items, ctx) => write('points', items, ctx), {
    idempotency: 'none',
    batch: 3,
    perSecond: 100,
  }),
  async lookup(items, ctx) {
    const { data } = await ctx.http.get<{ emails: string[] }>(`${ctx.settings.url}/members`, {
      headers: { authorization: `Bearer ${ctx.settings.apiKey}` },
    });
    const known = new Set(data.emails);
    return items.map(({ payload }) => (known.has(String(payload['email'])) ? 'accepted' : 'absent'));
  },
  async receipts(raw, ctx, request) {
    if (request) verify(raw, request, ctx);
    const facts = parse(raw);
    return facts.map((fact): MessageEvent => ({ ...fact, channel: 'email', type: 'delivered' }));
  },
  async feedback(cursor, ctx) {
    const after = Number(cursor ?? 0);
    const { data } = await ctx.http.get<{ opened: Opened[] }>(`${ctx.settings.url}/opened?after=${after}`, {
      headers: { authorization: `Bearer ${ctx.settings.apiKey}` },
    });
    const events = data.opened.map(({ number, email, effectKey }): MessageEvent => ({
      ...{ id: `opened-${number}`, type: 'opened', channel: 'email', address: email, effectKey },
      at: new Date(number * 1000).toISOString(),
    }));
    return { events, cursor: data.opened.at(-1)?.number ?? after };
  },
});

interface Opened {
  number: number;
  email: string;
  effectKey: string;
}

interface Fact {
  id: string;
  address: string;
  at: string;
  effectKey: string;
}

function parse(raw: string): Fact[] {
  try {
    const { facts } = JSON.parse(raw) as { facts: Fact[] };
    return facts.filter(({ id, address }) => id && address);
  } catch {
    return [];
  }
}

function verify(raw: string, { headers }: ReceiptRequest, { settings, now }: Ctx): void {
  const time = headers['x-time'] ?? '';
  const expected = createHmac('sha256', settings.apiKey).update(`${time}.${raw}`).digest();
  const given = Buffer.from(headers['x-proof'] ?? '', 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    throw new BadReceipt('The signature is not right.');
  if (now().getTime() - Number(time) > PATIENCE_MS) throw new BadReceipt('The receipt is too old.');
}
