import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CampaignClassicTwin, startCampaignClassicTwin } from './campaign-classic-twin';
import { SoapClient } from './soap-client';

const journal = join(tmpdir(), `acc-semantics-${randomUUID()}.ndjson`);
const options = { journal, login: 'hub', password: 's3cret', services: ['NEWS', 'OFFERS'], groups: ['VIP'] };
let twin: CampaignClassicTwin;
let client: SoapClient;

beforeEach(async () => {
  twin = await startCampaignClassicTwin(options);
  client = new SoapClient(twin.url);
  await client.logon('hub', 's3cret');
});

afterEach(async () => {
  await twin.stop();
  rmSync(journal, { force: true });
});

const write = async (attributes: string, content = ''): Promise<void> => {
  const answer = await client.write(
    `<recipient xtkschema="nms:recipient" _key="@email" ${attributes}>${content}</recipient>`,
  );
  expect(answer.fault).toBeUndefined();
};

const effects = async (): Promise<string[]> =>
  (await twin.journal())
    .filter((line) => line.method !== '_twin')
    .map((line) => `${line.schema} ${line.effect}`);

const emails = async (name: string): Promise<unknown[]> =>
  (await twin.groupMembers(name)).map((row) => row['email']);

it('follows the documented operations', async () => {
  await write('_operation="update" email="a@x.test" firstName="A"');
  await write('email="a@x.test" firstName="A" blackListEmail="true" birthDate="1990/05/04"');
  await write('_operation="insertOrUpdate" email="a@x.test" firstName="A"');
  await write('_operation="update" email="a@x.test" firstName=""');
  await write('_operation="none" email="a@x.test"');
  expect(await twin.rows()).toMatchObject([
    { email: 'a@x.test', blackListEmail: true, birthDate: '1990-05-04' },
  ]);
  expect((await twin.rows())[0]).not.toHaveProperty('firstName');
  await write('_operation="delete" email="a@x.test"');
  await write('_operation="delete" email="a@x.test"');
  expect(await twin.rows()).toEqual([]);
  const names = ['noop', 'inserted', 'unchanged', 'updated', 'deleted', 'noop'];
  expect(await effects()).toEqual(names.map((name) => `nms:recipient ${name}`));
  expect((await twin.counters()).rows).toMatchObject({ noop: 2, unchanged: 1, updated: 1, deleted: 1 });
});

it('reconciles by several paths, nested elements and links', async () => {
  const by = (label: string): Promise<void> =>
    write(
      `email="a@x.test" lastName="${label}"`,
      '<location city="Newton"/><folder name="nmsRootRecipient" _operation="none"/>',
    );
  await by('One');
  await by('Two');
  expect(await twin.rows()).toMatchObject([
    { lastName: 'Two', 'location/@city': 'Newton', 'folder-id': 1183 },
  ]);
  const document = (name: string): string =>
    `<recipient xtkschema="nms:recipient" _key="[folder/@name], @email" email="a@x.test" firstName="F"><folder name="${name}"/></recipient>`;
  expect((await client.write(document('nmsRootRecipient'))).fault).toBeUndefined();
  expect((await client.write(document('Other'))).fault).toBeUndefined();
  expect((await twin.rows()).map((row) => row['lastName'])).toEqual(['Two', undefined]);
});

it('puts recipients in groups and takes them out', async () => {
  const relation = (name: string, operation = ''): string =>
    `<rcpGrpRel _key="[rcpGroup/@name]" ${operation}><rcpGroup name="${name}" _operation="none"/></rcpGrpRel>`;
  await write('email="a@x.test"', relation('VIP'));
  await write('email="b@x.test"', relation('VIP'));
  await write('email="b@x.test"', relation('VIP'));
  expect(await emails('VIP')).toEqual(['a@x.test', 'b@x.test']);
  await write('_operation="update" email="a@x.test"', relation('VIP', '_operation="delete"'));
  expect(await emails('VIP')).toEqual(['b@x.test']);
  await write('_operation="update" email="absent@x.test"', relation('VIP'));
  await write(
    'email="c@x.test"',
    '<rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="NEWGROUP" label="New"/></rcpGrpRel>',
  );
  expect(await emails('NEWGROUP')).toEqual(['c@x.test']);
  await write('_operation="delete" email="b@x.test"');
  expect(await emails('VIP')).toEqual([]);
  const count = await client.query(
    '<queryDef schema="nms:recipient" operation="count"><where><condition expr="rcpGrpRel" setOperator="EXISTS"><condition expr="[rcpGroup/@name] = \'NEWGROUP\'"/></condition></where></queryDef>',
  );
  expect(count.attributes.get('count')).toBe('1');
});

it('writes the relation itself, both ends by name', async () => {
  await write('email="a@x.test"');
  const relation = (operation: string): string =>
    `<rcpGrpRel xtkschema="nms:rcpGrpRel" _operation="${operation}" _key="[recipient/@email],[rcpGroup/@name]">` +
    '<recipient _operation="none" _key="@email" email="a@x.test"/><rcpGroup _operation="none" name="VIP"/></rcpGrpRel>';
  expect((await client.write(relation('insertOrUpdate'))).fault).toBeUndefined();
  expect(await emails('VIP')).toEqual(['a@x.test']);
  expect((await client.write(relation('delete'))).fault).toBeUndefined();
  expect(await emails('VIP')).toEqual([]);
});

it('subscribes and unsubscribes', async () => {
  const call = async (
    method: string,
    services: string,
    recipient: string,
    create = '',
  ): Promise<string | undefined> =>
    (await client.call(`nms:subscription#${method}`, `<s>${services}</s><c>${recipient}</c>${create}`)).fault;
  const ada = '<recipient _key="@email" email="a@x.test" firstName="Ada"/>';
  expect(await call('Subscribe', 'NEWS', ada, '<b>false</b>')).toContain('not to be created');
  expect(await twin.rows()).toEqual([]);
  expect(await call('Subscribe', 'NEWS,OFFERS', ada, '<b>true</b>')).toBeUndefined();
  expect(await call('Subscribe', 'NEWS', ada, '<b>true</b>')).toBeUndefined();
  expect(await twin.rows('nms:subscription')).toHaveLength(2);
  expect(await call('Unsubscribe', 'NEWS', ada)).toBeUndefined();
  expect(await call('Unsubscribe', 'NEWS', ada)).toBeUndefined();
  expect(await twin.rows('nms:subscription')).toHaveLength(1);
  expect(await call('Unsubscribe', 'NEWS', '<recipient _key="@email" email="b@x.test"/>')).toBeUndefined();
  expect(await call('Subscribe', 'NOPE', ada, '<b>true</b>')).toContain("service 'NOPE'");
  expect(await call('Subscribe', 'NEWS', ada, '<b>maybe</b>')).toContain('not a boolean');
  expect(await call('Subscribe', 'NEWS', '<recipient email="a@x.test"/>', '<b>true</b>')).toContain(
    'no _key',
  );
  expect(await call('Unsubscribe', '', ada)).toBeUndefined();
  expect(await twin.rows()).toMatchObject([{ email: 'a@x.test', blackList: true }]);
});

it('pages delivery logs', async () => {
  for (const name of ['a', 'b', 'c']) await write(`email="${name}@x.test"`);
  await twin.addDeliveryLogs([
    { email: 'a@x.test', status: 'sent', deliveryLabel: 'Spring', eventDate: '2026-03-01T10:00:00Z' },
    {
      email: 'b@x.test',
      status: 'failed',
      failureReason: 1,
      failureType: 2,
      text: '550 unknown',
      eventDate: '2026-03-02T10:00:00Z',
    },
    { email: 'c@x.test', status: 'failed', failureReason: 5, failureType: 1 },
  ]);
  await expect(twin.addDeliveryLogs([{ email: 'nobody@x.test', status: 'sent' }])).rejects.toThrow(
    'existing recipient',
  );
  const page = (start: number, condition: string): Promise<unknown> =>
    client
      .query(
        `<queryDef schema="nms:broadLogRcp" operation="select" lineCount="1" startLine="${start}"><select><node expr="@status"/>` +
          '<node expr="[recipient/@email]" alias="@email"/><node expr="[delivery/@label]"/><node expr="[msg/@failureReason]"/><node expr="@eventDate"/></select>' +
          `<where><condition expr="${condition}"/></where><orderBy><node expr="@id"/></orderBy></queryDef>`,
      )
      .then((output) =>
        output.children.map((row) => [row, ...row.children].flatMap((one) => [...one.attributes.values()])),
      );
  expect(await page(0, '@status = 1')).toEqual([
    ['1', 'a@x.test', '2026-03-01 10:00:00.000Z', 'Spring', '0'],
  ]);
  const failed = '@status = 2 AND [msg/@failureReason] IN (1, 5) AND @lastModified &gt; #2026/01/01#';
  expect(await page(0, failed)).toEqual([['2', 'b@x.test', '2026-03-02 10:00:00.000Z', 'Delivery', '1']]);
  expect(await page(1, failed)).toEqual([['2', 'c@x.test', expect.any(String), 'Delivery', '5']]);
  expect(await page(2, failed)).toEqual([]);
  expect(await page(0, '@eventDate &lt; #2026-03-01 10:00:00.000Z#')).toEqual([]);
  expect(await page(0, '@eventDate &gt;= GetDate()')).toEqual([]);
});

const conditions: Array<[string, string[]]> = [
  ["@email = 'a@x.test'", ['a']],
  ["@email <> 'a@x.test'", ['b', 'c']],
  ["@email LIKE '%@x.test' AND NOT @email LIKE 'b%'", ['a', 'c']],
  ["@email NOT IN ('a@x.test', 'b@x.test')", ['c']],
  ["@email LIKE '_@x.test'", ['a', 'b', 'c']],
  ["@email LIKE '_x.test'", []],
  ['@cusLoyaltyPoints > 10', ['b']],
  ['@cusLoyaltyPoints >= 10 OR @blackListEmail = 1', ['a', 'b', 'c']],
  ['(@cusLoyaltyPoints = 10 OR @cusLoyaltyPoints = 20) AND @cusLoyaltyPoints < 20', ['a']],
  ['@firstName IS NULL', ['b']],
  ['@firstName IS NOT NULL', ['a', 'c']],
  ["@firstName = 'O\\'Neil'", ['c']],
  ['@birthDate <= #1990/01/01#', ['a']],
  ["[folder/@name] = 'nmsRootRecipient' AND @cusLoyaltyPoints = -1", []],
];

it('evaluates conditions as documented', async () => {
  await write('email="a@x.test" firstName="A_" cusLoyaltyPoints="10" birthDate="1990-01-01"');
  await write('email="b@x.test" cusLoyaltyPoints="20" birthDate="1991-01-01"');
  await write('email="c@x.test" firstName="O\'Neil" blackListEmail="1"');
  const select = async (where: string): Promise<unknown[]> => {
    const output = await client.query(
      `<queryDef schema="nms:recipient" operation="select"><select><node expr="@email"/></select><where>${where}</where><orderBy><node expr="@email" sortDesc="true"/></orderBy></queryDef>`,
    );
    return output.children.map((row) => row.attributes.get('email')?.slice(0, 1)).reverse();
  };
  const xml = (text: string): string => text.replace(/</g, '&lt;').replace(/>/g, '&gt;');
  for (const [expr, expected] of conditions)
    expect([expr, await select(`<condition expr="${xml(expr)}"/>`)]).toEqual([expr, expected]);
  const nested =
    '<condition boolOperator="OR" expr="@cusLoyaltyPoints = 10"/><condition expr="@cusLoyaltyPoints = 20"/>';
  expect(
    await select(`<condition>${nested}</condition><condition expr="@birthDate &gt; #1990/06/01#"/>`),
  ).toEqual(['b']);
});

it('keeps its state over a crash, drops an unfinished call, and ends its sessions', async () => {
  await write('email="a@x.test" firstName="A"');
  await write('email="b@x.test"', '<rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="VIP"/></rcpGrpRel>');
  await write('_operation="delete" email="a@x.test"');
  const [rows, lines, file] = [await twin.rows(), await twin.journal(), readFileSync(journal, 'utf8')];
  expect(
    file
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(lines);
  await twin.kill();
  const torn = {
    ...lines.at(-1),
    seq: lines.length + 1,
    row: 0,
    rows: 2,
    effect: 'deleted',
    id: rows[0]?.id,
  };
  appendFileSync(journal, `${JSON.stringify(torn)}\n{"seq":`);
  twin = await startCampaignClassicTwin(options);
  expect(readFileSync(journal, 'utf8')).toBe(file);
  expect(await twin.rows()).toEqual(rows);
  expect(await emails('VIP')).toEqual(['b@x.test']);
  const again = new SoapClient(twin.url);
  [again.session, again.security] = [client.session, client.security];
  expect((await again.call('xtk:session#TestCnx', '')).fault).toContain('XSV-350008');
});

it('ends sessions after their life', async () => {
  await twin.stop();
  twin = await startCampaignClassicTwin({ ...options, sessionSeconds: 1, faultStatus: 500 });
  const brief = new SoapClient(twin.url);
  await brief.logon('hub', 's3cret');
  expect((await brief.call('xtk:session#TestCnx', '')).fault).toBeUndefined();
  await sleep(1100);
  const answer = await brief.call('xtk:session#TestCnx', '');
  expect(answer).toMatchObject({ status: 500, fault: expect.stringContaining('XSV-350008') });
});
