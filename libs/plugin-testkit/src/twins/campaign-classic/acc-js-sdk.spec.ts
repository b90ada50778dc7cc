import { ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CampaignClassicTwin, startCampaignClassicTwin } from './campaign-classic-twin';

interface Answer {
  result?: unknown;
  error?: { statusCode?: number; errorCode?: string; faultCode?: string; message?: string; detail?: string };
}

/** The vendor's client in a process of its own. */
class VendorClient {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(url: string, ...credentials: string[]) {
    const driver = join(__dirname, '../../../dist/twins/campaign-classic/acc-js-sdk-driver.js');
    const child = spawn(process.execPath, [driver, url, ...credentials], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child = child;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async call(call: string, ...args: unknown[]): Promise<Answer> {
    this.child.stdin?.write(`${JSON.stringify({ call, args })}\n`);
    const { value } = await this.lines.next();
    return JSON.parse(String(value)) as Answer;
  }

  end(): void {
    this.child.stdin?.end();
  }
}

describe.each([200, 500] as const)('the vendor client, unmodified (faults as HTTP %d)', (faultStatus) => {
  const journal = join(tmpdir(), `acc-sdk-${randomUUID()}.ndjson`);
  let twin: CampaignClassicTwin;
  let client: VendorClient;

  beforeAll(async () => {
    twin = await startCampaignClassicTwin({
      journal,
      login: 'hub',
      password: 's3cret',
      services: ['NEWS'],
      bearers: ['token-1'],
      faultStatus,
    });
    client = new VendorClient(twin.url, 'password', 'hub', 's3cret');
  });

  afterAll(async () => {
    client.end();
    await twin.stop();
    rmSync(journal, { force: true });
  });

  it('is refused with a wrong password', async () => {
    const stranger = new VendorClient(twin.url, 'password', 'hub', 'wrong');
    const { error } = await stranger.call('logon');
    stranger.end();
    expect(error?.statusCode).toBe(500);
    expect(error?.message).toContain('Invalid login or password');
  });

  it('logs on and reads the session', async () => {
    expect(await client.call('logon')).toEqual({ result: null });
    expect((await client.call('xtkSession.getUserInfo')).result).toMatchObject({ login: 'hub' });
    expect((await client.call('xtkSession.testCnx')).result).toBeNull();
    expect(Date.parse(String((await client.call('xtkSession.getServerTime')).result))).not.toBeNaN();
  });

  it('writes one recipient and a collection, and finds them again', async () => {
    const ada = {
      xtkschema: 'nms:recipient',
      _key: '@email',
      email: 'ada@example.test',
      firstName: 'Ada',
      birthDate: '1815/12/10',
    };
    expect(await client.call('xtkSession.write', ada)).toEqual({ result: null });
    const collection = {
      xtkschema: 'nms:recipient',
      recipient: [
        { _key: '@email', email: 'ada@example.test', lastName: 'Lovelace' },
        {
          _key: '@email',
          _operation: 'insertOrUpdate',
          email: 'grace@example.test',
          lastName: "O'Hopper & <Co>",
        },
        { _key: '@email', _operation: 'update', email: 'nobody@example.test', lastName: 'Nobody' },
      ],
    };
    expect(await client.call('xtkSession.writeCollection', collection)).toEqual({ result: null });
    const found = await client.call('query', {
      schema: 'nms:recipient',
      operation: 'select',
      select: {
        node: [{ expr: '@email' }, { expr: '@firstName' }, { expr: '@lastName' }, { expr: '@birthDate' }],
      },
      where: { condition: [{ expr: "@email LIKE '%@example.test'" }] },
      orderBy: { node: [{ expr: '@email' }] },
    });
    expect(found.result).toEqual({
      recipient: [
        { email: 'ada@example.test', firstName: 'Ada', lastName: 'Lovelace', birthDate: '1815-12-10' },
        { email: 'grace@example.test', firstName: '', lastName: "O'Hopper & <Co>", birthDate: '' },
      ],
    });
    const effects = (await twin.journal())
      .filter((entry) => entry.schema === 'nms:recipient')
      .map((entry) => entry.effect);
    expect(effects).toEqual(['inserted', 'updated', 'inserted', 'noop']);
  });

  it('counts, and gets or misses one', async () => {
    const query = (operation: string, email: string) =>
      client.call('query', {
        schema: 'nms:recipient',
        operation,
        select: { node: [{ expr: '@firstName' }] },
        where: { condition: [{ expr: `@email = '${email}'` }] },
      });
    expect((await query('count', 'ada@example.test')).result).toEqual({ count: '1' });
    expect((await query('get', 'ada@example.test')).result).toEqual({ firstName: 'Ada' });
    expect((await query('getIfExists', 'nobody@example.test')).result).toBeNull();
    expect((await query('get', 'nobody@example.test')).error?.statusCode).toBe(500);
  });

  it('subscribes, is told of a fault, and deletes', async () => {
    const recipient = { _key: '@email', email: 'ada@example.test' };
    expect(await client.call('nmsSubscription.subscribe', 'NEWS', recipient, false)).toEqual({
      result: null,
    });
    expect(await twin.rows('nms:subscription')).toHaveLength(1);
    expect(await client.call('nmsSubscription.unsubscribe', 'NEWS', recipient)).toEqual({ result: null });
    expect(await twin.rows('nms:subscription')).toHaveLength(0);
    const bad = { xtkschema: 'nms:recipient', _key: '@email', email: 'ada@example.test', shoeSize: '39' };
    const { error } = await client.call('xtkSession.write', bad);
    expect(error?.message).toContain("Unknown attribute '@shoeSize'");
    const gone = {
      xtkschema: 'nms:recipient',
      _key: '@email',
      _operation: 'delete',
      email: 'grace@example.test',
    };
    expect(await client.call('xtkSession.write', gone)).toEqual({ result: null });
    expect((await twin.rows()).map((row) => row['email'])).toEqual(['ada@example.test']);
  });

  it('sees its session expire, and works again after a new logon', async () => {
    await twin.expireSessions();
    const { error } = await client.call('xtkSession.testCnx');
    expect(error).toMatchObject({ statusCode: 401, errorCode: 'SDK-000012' });
    expect(error?.message).toContain('expired');
    await client.call('logon');
    expect(await client.call('xtkSession.testCnx')).toEqual({ result: null });
    expect(await client.call('logoff')).toEqual({ result: null });
    expect((await twin.counters()).openSessions).toBe(0);
  });

  it('works with a bearer token alone', async () => {
    const technical = new VendorClient(twin.url, 'bearer', 'token-1');
    await technical.call('logon');
    expect(await technical.call('xtkSession.testCnx')).toEqual({ result: null });
    technical.end();
    const stranger = new VendorClient(twin.url, 'bearer', 'token-2');
    await stranger.call('logon');
    expect((await stranger.call('xtkSession.testCnx')).error?.statusCode).toBe(401);
    stranger.end();
  });
});
