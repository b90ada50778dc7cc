import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { serveModule } from '@percorso/access';
import { useDeliveryWorld } from './testing/delivery-fixture';
import { composeDelivery, ROOT_KEY } from './testing/delivery-hub';
import type { DeliveryWorld } from './testing/delivery-world';
import { HttpGateway } from './testing/http-gateway';

const ADA = 'ada@example.org';

interface View {
  channel: string;
  address: string;
  reason: string;
  source: string;
  at: string;
}

interface Reply {
  status: number;
  link?: string;
  body: Partial<View> & {
    id?: string;
    code?: string;
    data?: View[];
    next?: string | null;
    errors?: { pointer: string; code: string }[];
    [field: string]: unknown;
  };
}

let world: DeliveryWorld;
const engines = useDeliveryWorld((made) => (world = made));

describe('suppressions over HTTP', () => {
  let app: NestFastifyApplication;
  let workspaceId: string;
  let key: string;
  const log: string[] = [];

  beforeAll(async () => {
    const write = (...words: unknown[]): void => void log.push(JSON.stringify(words));
    const logger: LoggerService = { log: write, error: write, warn: write, debug: write, verbose: write };
    app = await serveModule(
      await composeDelivery(engines(), { gateway: new HttpGateway(new Map()) }),
      logger,
    );
  });
  afterAll(() => app?.close());

  beforeEach(async () => {
    const { body } = await call('POST', '/v1/workspaces', { name: 'Shop' }, ROOT_KEY);
    workspaceId = String(body.id);
    key = String(body.adminKey);
  });

  async function call(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
    as = key,
  ): Promise<Reply> {
    const response = await app.inject({ method, url, payload, headers: { authorization: `Bearer ${as}` } });
    return {
      status: response.statusCode,
      link: response.headers['link'] as string | undefined,
      body: (response.body ? response.json() : {}) as Reply['body'],
    };
  }

  const suppress = (address: unknown, channel: unknown = 'email', more: object = {}): Promise<Reply> =>
    call('POST', '/v1/suppressions', { channel, address, reason: 'manual', ...more });
  const release = (address: string, channel = 'email'): Promise<Reply> =>
    call('DELETE', `/v1/suppressions/${channel}/${encodeURIComponent(address)}`);
  const addresses = async (): Promise<(string | undefined)[]> =>
    (await call('GET', '/v1/suppressions')).body.data!.map(({ address }) => address);

  it('are made with the address as it is compared, who said so and when', async () => {
    const { status, body } = await suppress('  Ada@Example.ORG ');
    expect([status, body]).toEqual([
      201,
      {
        channel: 'email',
        address: ADA,
        reason: 'manual',
        source: expect.stringMatching(/.+/),
        at: expect.any(String),
      },
    ]);
    expect(Math.abs(Date.now() - new Date(String(body.at)).getTime())).toBeLessThan(60_000);
    expect((await call('GET', '/v1/suppressions')).body).toEqual({ data: [body], next: null });
  });

  it('are made once, however the address is written', async () => {
    await suppress(ADA);
    const again = await suppress('ADA@example.org');
    expect([again.status, again.body.code]).toEqual([409, 'suppression-exists']);
    expect((await suppress('+39 (02) 123-4567', 'sms')).body.address).toBe('+39021234567');
    expect((await suppress('+39021234567', 'sms')).status).toBe(409);
    expect((await suppress('+39021234567', 'whatsapp')).status).toBe(201);
  });

  it('end when deleted, in whatever form, and then are not there', async () => {
    const odd = 'o+d/d?%25#@example.org';
    await suppress(ADA);
    await suppress(odd);
    await suppress('+39021234567', 'sms');
    const ended = [
      await release('ADA@example.org'),
      await release(odd.toUpperCase()),
      await release('+39 02 1234567', 'sms'),
    ];
    expect(ended.map(({ status }) => status)).toEqual([204, 204, 204]);
    expect(await addresses()).toEqual([]);
    const gone = await release(ADA);
    expect([gone.status, gone.body.code]).toEqual([404, 'not-found']);
    expect((await suppress(ADA)).status).toBe(201);
  });

  it('are listed page by page, by channel and address, whatever changes meanwhile', async () => {
    for (const name of ['eve', 'bob', 'dan', 'ada', 'cid']) await suppress(`${name}@example.org`);
    await suppress('+39021234567', 'sms');
    const seen: string[] = [];
    let url: string | undefined = '/v1/suppressions?limit=2';
    let pages = 0;
    while (url) {
      const { body, link }: Reply = await call('GET', url);
      seen.push(...body.data!.map(({ channel, address }) => `${channel} ${address}`));
      // The last of the page goes, one before it comes: neither moves the pages.
      if (++pages === 1) {
        await release('bob@example.org');
        await suppress('aaron@example.org');
      }
      expect(link === undefined).toBe(body.next === null);
      url = /^<(.+)>; rel="next"$/.exec(link ?? '')?.[1];
    }
    expect(pages).toBe(3);
    expect(seen).toEqual([
      ...['ada', 'bob', 'cid', 'dan', 'eve'].map((name) => `email ${name}@example.org`),
      'sms +39021234567',
    ]);
  });

  it.each<[string, object, string[]]>([
    ['no address', { channel: 'email', reason: 'manual' }, ['/address']],
    ['an address that is none', { channel: 'email', address: { a: ADA }, reason: 'manual' }, ['/address']],
    ['an empty address', { channel: 'email', address: '', reason: 'manual' }, ['/address']],
    ['an address of blanks', { channel: 'email', address: ' \t ', reason: 'manual' }, ['/address']],
    ['a number without digits', { channel: 'sms', address: '(-)', reason: 'manual' }, ['/address']],
    ['a long address', { channel: 'email', address: `${'a'.repeat(320)}@x`, reason: 'manual' }, ['/address']],
    ['no channel', { address: ADA, reason: 'manual' }, ['/channel']],
    ['a reason that providers give', { channel: 'email', address: ADA, reason: 'hard-bounce' }, ['/reason']],
    ['nothing', {}, ['/address', '/channel', '/reason']],
    [
      'a field there is not',
      { channel: 'email', address: ADA, reason: 'manual', until: 'tomorrow' },
      ['/until'],
    ],
  ])('are refused with the path of the field: %s', async (_what, body, pointers) => {
    const { status, body: problem } = await call('POST', '/v1/suppressions', body);
    expect(status).toBe(422);
    expect([...new Set(problem.errors?.map(({ pointer }) => pointer))].sort()).toEqual(pointers);
    expect(JSON.stringify(problem)).not.toContain(ADA);
    expect(await addresses()).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=many', 'limit'],
    ['cursor=made-up', 'cursor'],
    ['page=2', 'page'],
  ])('are not listed by %s', async (query, pointer) => {
    const { status, body } = await call('GET', `/v1/suppressions?${query}`);
    expect([400, 422]).toContain(status);
    expect(new Set(body.errors?.map((error) => error.pointer))).toEqual(new Set([pointer]));
  });

  it('need the scope, and are another workspace’s own', async () => {
    await suppress(ADA);
    const made = await call('POST', '/v1/api-keys', { name: 'Reader', scopes: ['suppressions:read'] });
    const reader = String(made.body.key);
    const url = `/v1/suppressions/email/${encodeURIComponent(ADA)}`;
    expect((await call('GET', '/v1/suppressions', undefined, reader)).status).toBe(200);
    expect((await call('DELETE', url, undefined, reader)).status).toBe(403);
    const other = String(
      (await call('POST', '/v1/workspaces', { name: 'Other' }, ROOT_KEY)).body['adminKey'],
    );
    expect((await call('DELETE', url, undefined, other)).status).toBe(404);
    expect((await call('GET', '/v1/suppressions', undefined, other)).body.data).toEqual([]);
    expect(await addresses()).toEqual([ADA]);
  });

  it('leave no address in the log, nor in the audit, nor in a refusal', async () => {
    const canary = 'canary.person@example.com';
    const told: Reply[] = [
      await suppress(canary),
      await suppress(canary),
      await suppress(`${canary}\u0000`),
      await release(canary),
      await release(canary),
    ];
    // What goes wrong inside is logged; not with what was asked.
    await world.asOwner('ALTER TABLE percorso.suppression RENAME TO suppression_away');
    try {
      told.push(await suppress(canary), await release(canary), await call('GET', '/v1/suppressions'));
    } finally {
      await world.asOwner('ALTER TABLE percorso.suppression_away RENAME TO suppression');
    }
    expect(told.map(({ status }) => status)).toEqual([201, 409, 422, 204, 404, 500, 500, 500]);
    expect(JSON.stringify(told.slice(1))).not.toContain(canary);
    expect(log.length).toBeGreaterThan(0);
    expect(log.join('\n')).not.toMatch(/canary/i);
    const { rows } = await world.asOwner('SELECT * FROM percorso.audit WHERE workspace_id = $1', [
      workspaceId,
    ]);
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(JSON.stringify(rows)).not.toMatch(/canary/i);
  });
});
