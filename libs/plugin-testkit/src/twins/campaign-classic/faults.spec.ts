import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CampaignClassicTwin, startCampaignClassicTwin } from './campaign-classic-twin';
import { InjectedFault } from './contract';
import { RawAnswer, SoapClient } from './soap-client';

const journal = join(tmpdir(), `acc-faults-${randomUUID()}.ndjson`);
let twin: CampaignClassicTwin;
let client: SoapClient;
let serial = 0;

beforeAll(async () => {
  twin = await startCampaignClassicTwin({
    journal,
    login: 'hub',
    password: 's3cret',
    clientId: 'tech',
    clientSecret: 'shh',
    scope: 'campaign',
  });
  client = new SoapClient(twin.url);
});

beforeEach(() => client.logon('hub', 's3cret'));
afterEach(() => twin.clearFaults());

afterAll(async () => {
  await twin.stop();
  rmSync(journal, { force: true });
});

const writeOne = (): Promise<RawAnswer> =>
  client.write(`<recipient xtkschema="nms:recipient" _key="@email" email="f${(serial += 1)}@example.test"/>`);

const answered: Array<[string, InjectedFault, Partial<RawAnswer>, string | null]> = [
  [
    'a fault',
    { kind: 'soapFault' },
    { status: 200, fault: expect.stringMatching(/^SOAP-ENV:Server: SOP-330011/) },
    null,
  ],
  [
    'a worded fault',
    { kind: 'soapFault', faultcode: 'SOAP-ENV:Client', faultstring: 'A', detail: 'B' },
    { fault: 'SOAP-ENV:Client: A B' },
    null,
  ],
  ['429 with Retry-After', { kind: 'http429', retryAfterSeconds: 7 }, { status: 429 }, '7'],
  ['429 without', { kind: 'http429' }, { status: 429 }, null],
  ['500', { kind: 'http500' }, { status: 500 }, null],
  ['503', { kind: 'http503', retryAfterSeconds: 1 }, { status: 503 }, '1'],
  ['an expired session', { kind: 'expireSessions' }, { fault: expect.stringContaining('XSV-350008') }, null],
];

it.each(answered)('answers %s once and writes nothing', async (_what, fault, expected, retryAfter) => {
  const lines = await twin.journal();
  await twin.inject(fault);
  const answer = await writeOne();
  expect(answer).toMatchObject(expected);
  expect(answer.headers.get('retry-after')).toBe(retryAfter);
  expect(await twin.journal()).toEqual(lines);
  await client.logon('hub', 's3cret');
  expect((await writeOne()).fault).toBeUndefined();
  expect(await twin.journal()).toHaveLength(lines.length + 1);
});

it.each([
  ['acceptThenDrop', 1],
  ['dropBeforeAccept', 0],
] as const)('%s: no answer, %d row written', async (kind, written) => {
  const before = await twin.journal();
  await twin.inject({ kind });
  await expect(writeOne()).rejects.toThrow('fetch failed');
  const lines = await twin.journal(before.length);
  expect(lines.map((line) => line.effect)).toEqual(Array<string>(written).fill('inserted'));
  expect((await writeOne()).fault).toBeUndefined();
});

it('is slow and still correct', async () => {
  await twin.inject({ kind: 'slow', ms: 400 });
  const start = Date.now();
  expect((await writeOne()).fault).toBeUndefined();
  expect(Date.now() - start).toBeGreaterThanOrEqual(390);
});

it('refuses logons, by SOAP and by token', async () => {
  await twin.inject({ kind: 'refuseLogon', count: 2 });
  expect((await client.logon('hub', 's3cret')).fault).toContain('Invalid login or password');
  expect((await token('shh')).status).toBe(401);
  expect((await client.logon('hub', 's3cret')).fault).toBeUndefined();
});

it('spends a fault only on the methods it names', async () => {
  await twin.inject({ kind: 'http503', methods: ['ExecuteQuery'], count: 1 });
  expect((await writeOne()).status).toBe(200);
  expect(await twin.faults()).toMatchObject([{ kind: 'http503', remaining: 1 }]);
  expect((await client.call('xtk:queryDef#ExecuteQuery', '')).status).toBe(503);
  expect(await twin.faults()).toEqual([]);
});

it('strikes by seeded chance, the same each time', async () => {
  const draw = async (seed: number): Promise<number[]> => {
    await twin.inject({ kind: 'http500', probability: 0.5, seed });
    const statuses: number[] = [];
    for (let n = 0; n < 24; n += 1) statuses.push((await writeOne()).status);
    await twin.clearFaults();
    return statuses;
  };
  const first = await draw(7);
  expect(new Set(first)).toEqual(new Set([200, 500]));
  expect(await draw(7)).toEqual(first);
  expect(await draw(8)).not.toEqual(first);
});

it('refuses a fault it does not know', async () => {
  await expect(twin.inject({ kind: 'meteor' } as unknown as InjectedFault)).rejects.toThrow(
    'kind must be one of',
  );
  await expect(twin.inject({ kind: 'slow' } as InjectedFault)).rejects.toThrow('slow needs ms');
});

function token(secret: string, scope = 'campaign'): Promise<Response> {
  const form = { grant_type: 'client_credentials', client_id: 'tech', client_secret: secret, scope };
  return fetch(`${twin.url}/ims/token/v3`, { method: 'POST', body: new URLSearchParams(form) });
}

it('issues access tokens that stand in for a session', async () => {
  expect((await token('wrong')).status).toBe(401);
  expect((await token('shh', 'other')).status).toBe(400);
  const { access_token: accessToken } = (await (await token('shh')).json()) as { access_token: string };
  const technical = new SoapClient(twin.url);
  const call = (bearer: string, first = ''): Promise<RawAnswer> =>
    technical.post(
      'xtk:session#TestCnx',
      `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><TestCnx xmlns="urn:xtk:session"><sessiontoken>${first}</sessiontoken></TestCnx></e:Body></e:Envelope>`,
      { authorization: `Bearer ${bearer}` },
    );
  expect(await call(accessToken)).toMatchObject({ status: 200, fault: undefined });
  expect((await call(accessToken, 'x')).fault).toContain('session token');
  expect((await call('invented')).status).toBe(401);
  await twin.expireSessions();
  expect((await call(accessToken)).status).toBe(401);
});
