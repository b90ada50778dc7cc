import { randomUUID } from 'node:crypto';
import type { Call, Reply } from '../http/http-provider';
import type { KeyedMessage } from './contract';

/** A message API with idempotency keys: the same key and body again is answered as the first time, and sends nothing. */
export class KeyedMessagesApi {
  private readonly known = new Map<string, KeyedMessage>();

  constructor(
    private readonly apiKey: string,
    past: readonly KeyedMessage[],
    private readonly keep: (message: KeyedMessage) => void,
  ) {
    for (const message of past) if (!message.repeated) this.known.set(message.key, message);
  }

  answer({ method, path, headers, body }: Call): Reply {
    if (headers['authorization'] !== `Bearer ${this.apiKey}`) return problem(401, 'unauthorized');
    if (method === 'GET' && path === '/me') return { status: 200, json: { ok: true } };
    if (method !== 'POST' || path !== '/messages') return problem(404, 'not-found');
    const key = headers['idempotency-key'];
    if (!key) return problem(400, 'key-missing');
    const { to, text } = read(body);
    if (typeof to !== 'string' || typeof text !== 'string' || to === '') return problem(422, 'bad-message');
    const first = this.known.get(key);
    if (first && (first.to !== to || first.text !== text)) return problem(409, 'key-reused');
    const message = { id: first?.id ?? randomUUID(), key, to, text, repeated: first !== undefined };
    return {
      status: first ? 200 : 201,
      json: { id: message.id },
      accept: () => {
        this.keep(message);
        if (!first) this.known.set(key, message);
      },
    };
  }
}

const problem = (status: number, code: string): Reply => ({ status, json: { code } });

function read(body: string): { to?: unknown; text?: unknown } {
  try {
    return (JSON.parse(body) ?? {}) as { to?: unknown; text?: unknown };
  } catch {
    return {};
  }
}
