import { createHmac } from 'node:crypto';
import { HttpProvider, type Call, type Reply } from '../../twins';
import type { Delivered, Receipt } from '../paper';

interface Member {
  email: string;
  name?: string;
}

/** A list of members: batches answered one by one, removal, and signed webhooks. */
export class MembersProvider extends HttpProvider {
  readonly members: Member[] = [];
  readonly opened: Delivered[] = [];

  constructor() {
    super((call) => this.reply(call));
  }

  told({ key, payload }: Delivered, ageSeconds: number): Receipt {
    const time = new Date(Date.now() - ageSeconds * 1000);
    const fact = { id: `f-${key}`, address: payload['email'], at: time.toISOString(), effectKey: key };
    const raw = JSON.stringify({ facts: [fact] });
    const proof = createHmac('sha256', 'secret-key').update(`${time.getTime()}.${raw}`).digest('base64');
    const headers = { 'x-time': String(time.getTime()), 'x-proof': proof };
    return { raw, request: { url: 'https://hub.test/v1/hooks/1', headers } };
  }

  /** Somebody opens what the list was sent. */
  happened(item: Delivered): void {
    this.opened.push(item);
  }

  private reply({ method, path, query, headers, body }: Call): Reply {
    if (headers['authorization'] !== 'Bearer secret-key') return { status: 401 };
    if (path === '/opened') return { status: 200, json: { opened: this.after(query) } };
    if (method === 'GET') return { status: 200, json: { emails: this.members.map(({ email }) => email) } };
    const { members } = JSON.parse(body) as { members: Member[] };
    const results = members.map(({ email }) =>
      email.includes('@')
        ? { ok: true, ...(path === '/points' && { points: email.length }) }
        : { ok: false, error: 'bad-address' },
    );
    return {
      status: 200,
      json: { results },
      accept: () => members.forEach((member, at) => results[at]?.ok && this.keep(path, member)),
    };
  }

  /** Two of them, from a place on. */
  private after(query: string): object[] {
    const from = Number(new URLSearchParams(query).get('after') ?? 0);
    return this.opened
      .map(({ payload, key }, at) => ({ number: at + 1, email: payload['email'], effectKey: key }))
      .slice(from, from + 2);
  }

  private keep(path: string, member: Member): void {
    if (path === '/points') return;
    const at = this.members.findIndex(({ email }) => email === member.email);
    if (at >= 0) this.members.splice(at, 1);
    if (path === '/members') this.members.push(member);
  }
}

/** What its vendor would publish. */
export const MEMBERS_DOCUMENT = {
  openapi: '3.1.0',
  paths: {
    '/me': { get: {} },
    '/members': { get: {}, post: { requestBody: { $ref: '#/components/requestBodies/members' } } },
    '/points': { post: { requestBody: { $ref: '#/components/requestBodies/members' } } },
    '/opened': { get: { parameters: [{ name: 'after', in: 'query', schema: { type: 'integer' } }] } },
    '/removals': { post: { requestBody: { $ref: '#/components/requestBodies/members' } } },
  },
  components: {
    requestBodies: {
      members: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['members'],
              properties: { members: { type: 'array', items: { $ref: '#/components/schemas/member' } } },
            },
          },
        },
      },
    },
    schemas: {
      member: {
        type: 'object',
        required: ['email'],
        additionalProperties: false,
        properties: { email: { type: 'string' }, name: { type: 'string' } },
      },
    },
  },
};
