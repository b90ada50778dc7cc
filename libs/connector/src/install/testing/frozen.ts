import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HttpProvider, type Delivered, type Receipt } from '@percorso/plugin-testkit';

/** The hashes of the frozen packages: whoever makes one again makes another one. */
export const FROZEN = {
  '1.0': 'sha512-KiQb1lSmXqaYIIiMVMj5KtCinI4BzpctL9NuWX4fqrt+fhjTP883+MzYFEJIuFU0LAAiwLav19V9aeBmHOsnFg==',
  '1.1': 'sha512-YI6EMEQK+ZNg791K+BsZuFycw87JlYeJvA4ZzMu94oybLrzyWnFtY/muPPlh/zwr2YAmLj1hqlbHVVwi8KJr+Q==',
} as const;

/** A plugin package as it was made when that version of the contract was the newest, its kit bundled in. */
export const frozenTarball = (contract: keyof typeof FROZEN): Buffer =>
  readFileSync(
    join(__dirname, '..', '..', '..', 'fixtures', 'frozen', contract, 'percorso-plugin-frozen.tgz'),
  );

interface Row {
  key: string;
  payload: { email: string; name?: string };
}

/** The system that frozen plugins write to. It keeps items exactly as they came. */
export class Rows extends HttpProvider {
  readonly items: Row[] = [];

  constructor() {
    super(({ method, path, headers, body }) => {
      if (headers['authorization'] !== 'Bearer secret-key') return { status: 401 };
      const emails = this.items.map(({ payload }) => payload.email);
      if (method === 'GET') return { status: 200, json: { emails } };
      const { items } = JSON.parse(body) as { items: Row[] };
      const good = items.filter(
        ({ payload: { email, name = '' } }) => email.includes('@') && name.length < 500,
      );
      const refused = items.filter((item) => !good.includes(item)).map(({ key }) => key);
      return { status: 200, json: { refused }, accept: () => good.forEach((item) => this.keep(path, item)) };
    });
  }

  told({ payload, providerId }: Delivered, ageSeconds: number): Receipt {
    const at = new Date(Date.now() - ageSeconds * 1000).toISOString();
    const raw = JSON.stringify({
      facts: [{ id: `f-${providerId}`, address: payload['email'], at, providerId }],
    });
    const proof = createHmac('sha256', 'secret-key').update(`${at}.${raw}`).digest('base64');
    return {
      raw,
      request: { url: 'https://hub.test/v1/hooks/1', headers: { 'x-time': at, 'x-proof': proof } },
    };
  }

  private keep(path: string, item: Row): void {
    const at = this.items.findIndex(({ payload }) => payload.email === item.payload.email);
    if (at >= 0) this.items.splice(at, 1);
    if (path === '/rows') this.items.push(item);
  }
}
