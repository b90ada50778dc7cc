import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CampaignClassicTwin, startCampaignClassicTwin } from './campaign-classic-twin';
import { envelope, RawAnswer, SoapClient } from './soap-client';

const journal = join(tmpdir(), `acc-strict-${randomUUID()}.ndjson`);
const WRITE = 'xtk:persist#Write';
const ROW = '<recipient xtkschema="nms:recipient" _key="@email" email="new@example.test"/>';
const sound = envelope(WRITE, `<sessiontoken/><domDoc>${ROW}</domDoc>`);
let twin: CampaignClassicTwin;
let client: SoapClient;

beforeAll(async () => {
  twin = await startCampaignClassicTwin({
    journal,
    login: 'hub',
    password: 's3cret',
    groups: ['VIP'],
    fields: { tier: 'string:5' },
  });
  client = new SoapClient(twin.url);
  await client.logon('hub', 's3cret');
  await client.write(
    '<recipient xtkschema="nms:recipient" _key="@email" email="ada@example.test" cusExternalId="E1" cusLoyaltyPoints="5"/>',
  );
});

afterAll(async () => {
  await twin.stop();
  rmSync(journal, { force: true });
});

async function expectRefused(call: () => Promise<RawAnswer>, fault: string | RegExp): Promise<void> {
  const [rows, lines] = [await twin.rows(), await twin.journal()];
  const answer = await call();
  expect(answer.fault).toMatch(fault);
  expect(await twin.rows()).toEqual(rows);
  expect(await twin.journal()).toEqual(lines);
}

const badMessages: Array<[string, string | Buffer, Record<string, string>, string | RegExp]> = [
  ['JSON content type', sound, { 'content-type': 'application/json' }, 'Content-Type'],
  ['another charset', sound, { 'content-type': 'text/xml; charset=iso-8859-1' }, 'Charset'],
  [
    'another encoding in the declaration',
    `<?xml version="1.0" encoding="ISO-8859-1"?>${sound}`,
    {},
    'Encoding',
  ],
  ['bytes that are not UTF-8', Buffer.from(sound.replace('new@', 'n\u00e9w@'), 'latin1'), {}, 'UTF-8'],
  ['an unclosed element', sound.replace('</domDoc>', ''), {}, 'SOAP-ENV:Client'],
  ['an unquoted attribute', sound.replace('"new@example.test"', 'new'), {}, 'SOAP-ENV:Client'],
  ['a repeated attribute', sound.replace('_key=', 'email="x" _key='), {}, 'SOAP-ENV:Client'],
  ['an unescaped ampersand', sound.replace('new@', 'a&b@'), {}, 'SOAP-ENV:Client'],
  ['a control character', sound.replace('new@', 'a\u0001b@'), {}, 'SOAP-ENV:Client'],
  ['text after the root', `${sound}tail`, {}, 'SOAP-ENV:Client'],
  [
    'an undeclared prefix',
    sound.replace('<domDoc>', '<x:domDoc>').replace('</domDoc>', '</x:domDoc>'),
    {},
    'SOAP-ENV:Client',
  ],
  ['a DTD', `<!DOCTYPE a [<!ENTITY e "v">]>${sound}`, {}, 'document type declaration'],
  ['an undeclared entity', sound.replace('new@', '&e;@'), {}, 'SOAP-ENV:Client'],
  ['a processing instruction', sound.replace('<domDoc>', '<?p i?><domDoc>'), {}, 'processing instruction'],
  ['an empty body', '', {}, 'SOAP-ENV:Client'],
  [
    'SOAP 1.2',
    sound.replace('http://schemas.xmlsoap.org/soap/envelope/', 'http://www.w3.org/2003/05/soap-envelope'),
    {},
    'SOAP 1.1',
  ],
  ['two calls in a body', sound.replace('</soap:Body>', '<x/></soap:Body>'), {}, 'exactly one'],
  ['a method in another namespace', sound.replace('urn:xtk:persist', 'urn:xtk:other'), {}, 'SOAPAction is'],
  [
    'a parameter in a foreign namespace',
    sound.replace('<domDoc>', '<domDoc xmlns="urn:foreign">'),
    {},
    'namespace',
  ],
  ['no SOAPAction', sound, { soapaction: '' }, 'SOAPAction'],
  ['another SOAPAction', sound, { soapaction: 'xtk:persist#WriteCollection' }, 'SOAPAction is'],
  ['no sessiontoken', sound.replace('<sessiontoken/>', ''), {}, 'first parameter is not sessiontoken'],
  [
    'sessiontoken not first',
    sound.replace('<sessiontoken/>', '').replace('</domDoc>', '</domDoc><sessiontoken/>'),
    {},
    'sessiontoken',
  ],
  ['a parameter too many', sound.replace('</domDoc>', '</domDoc><extra/>'), {}, '1 parameters expected'],
  ['no session cookie', sound, { cookie: '' }, 'XSV-350008'],
  ['no security token', sound, { 'x-security-token': '' }, 'XSV-350008'],
  ['a foreign session token', sound, { cookie: '__sessiontoken=___X' }, 'XSV-350008'],
  [
    'a foreign session token in the body',
    sound.replace('<sessiontoken/>', '<sessiontoken>x</sessiontoken>'),
    {},
    'XSV-350008',
  ],
];

it.each(badMessages)('refuses %s', async (_what, body, headers, fault) => {
  await expectRefused(() => client.post(WRITE, body, headers), fault);
});

it('accepts the same message without the defect', async () => {
  expect((await client.post(WRITE, sound)).fault).toBeUndefined();
  expect((await twin.rows()).map((row) => row['email'])).toContain('new@example.test');
});

it.each(['xtk:session#Write', 'xtk:persist|xtk:session#Write'])('accepts %s for Write', async (action) => {
  expect((await client.call(action, `<domDoc>${ROW}</domDoc>`)).fault).toBeUndefined();
});

it('refuses an unknown method', () =>
  expectRefused(() => client.call('xtk:persist#Erase', ''), 'SOP-330006'));

const r = (attributes: string, content = ''): string =>
  `<recipient xtkschema="nms:recipient" ${attributes}>${content}</recipient>`;
const badRecords: Array<[string, string, string]> = [
  ['an unknown schema', '<x xtkschema="nms:x"/>', "Unable to find schema 'nms:x'"],
  ['no schema', '<recipient email="a"/>', 'Unable to find schema'],
  ['an element that is not the schema', '<person xtkschema="nms:recipient"/>', "is not 'recipient'"],
  [
    'an unknown attribute',
    r('_key="@email" email="z@example.test" shoeSize="39"'),
    "Unknown attribute '@shoeSize'",
  ],
  [
    'an attribute named like a built-in',
    r('_key="@email" email="z@example.test" constructor="1"'),
    'Unknown attribute',
  ],
  [
    'an unknown element',
    r('_key="@email" email="z@example.test"', '<shoe size="39"/>'),
    "Unknown element 'shoe'",
  ],
  [
    'an unknown nested attribute',
    r('_key="@email" email="z@example.test"', '<location moon="1"/>'),
    'Unknown attribute',
  ],
  ['text in a record', r('_key="@email" email="z@example.test"', 'text'), 'takes no text'],
  [
    'an unknown operation',
    r('_operation="upsert" _key="@email" email="z@example.test"'),
    "Unknown operation 'upsert'",
  ],
  ['an unknown key path', r('_key="@shoeSize" email="z@example.test"'), 'Unknown key path'],
  ['an empty key', r('_key="" email="z@example.test"'), 'Invalid key'],
  ['a key without value', r('_key="@email" firstName="Z"'), "key field '@email'"],
  ['a key with an empty value', r('_key="@email" email=""'), "key field '@email'"],
  ['no key at all', r('firstName="Z"'), 'No key'],
  [
    'a boolean that is none',
    r('_key="@email" email="z@example.test" blackListEmail="yes"'),
    "type 'boolean'",
  ],
  ['a number that is none', r('_key="@email" email="z@example.test" cusLoyaltyPoints="1.5"'), "type 'long'"],
  [
    'a number too large',
    r('_key="@email" email="z@example.test" cusLoyaltyPoints="2147483648"'),
    "type 'long'",
  ],
  ['a value outside the enumeration', r('_key="@email" email="z@example.test" gender="3"'), 'enumeration'],
  ['a day that is none', r('_key="@email" email="z@example.test" birthDate="2026-02-30"'), "type 'date'"],
  [
    'a time that is none',
    r('_key="@email" email="z@example.test" cusLastPurchase="2026-02-01 25:00:00Z"'),
    "type 'datetime'",
  ],
  [
    'text that is too long',
    r(`_key="@email" email="z@example.test" firstName="${'x'.repeat(31)}"`),
    'longer than 30',
  ],
  [
    'text too long for a declared field',
    r('_key="@email" email="z@example.test" tier="platin"'),
    'longer than 5',
  ],
  [
    'a column of the server',
    r('_key="@email" email="z@example.test" lastModified="2026-01-01 00:00:00Z"'),
    'set by the server',
  ],
  [
    'an insert of an existing key',
    r('_operation="insert" _key="@email" email="ada@example.test"'),
    'duplicate key',
  ],
  [
    'an insert of an existing unique column',
    r('_operation="insert" email="z@example.test" cusExternalId="E1"'),
    'duplicate key',
  ],
  [
    'an update into another row\u2019s unique column',
    r('_key="@email" email="new@example.test" cusExternalId="E1"'),
    'duplicate key',
  ],
  [
    'a deletion with more than the key',
    r('_operation="delete" _key="@email" email="ada@example.test" firstName="A"'),
    'only the fields of its key',
  ],
  [
    'a deletion with a collection',
    r('_operation="delete" _key="@email" email="ada@example.test"', '<rcpGrpRel/>'),
    'only the fields of its key',
  ],
  [
    'a link to nothing',
    r('_key="@email" email="z@example.test"', '<folder name="Nowhere" _operation="none"/>'),
    'No document',
  ],
  [
    'a link key that is not there',
    r('_key="[folder/@name],@email" email="z@example.test"'),
    "key field '[folder/@name]'",
  ],
];

it.each(badRecords)('refuses a record with %s', async (_what, document, fault) => {
  await expectRefused(() => client.write(document), fault);
});

it('refuses a collection as a whole when its last row is bad', async () => {
  const rows = [1, 2, 3].map((n) => `<recipient _key="@email" email="c${n}@example.test"/>`).join('');
  const bad = '<recipient _operation="insert" _key="@email" email="ada@example.test"/>';
  await expectRefused(() => client.writeCollection(rows + bad), 'duplicate key');
  await expectRefused(() => client.writeCollection(''), 'empty');
  await expectRefused(() => client.writeCollection(`${rows}<group name="x"/>`), "is not 'recipient'");
});

const badQueries: Array<[string, string, string]> = [
  ['an unknown schema', '<queryDef schema="nms:x" operation="count"/>', 'Unable to find schema'],
  [
    'an unknown operation',
    '<queryDef schema="nms:recipient" operation="list"><select><node expr="@id"/></select></queryDef>',
    'Unknown operation',
  ],
  ['no select', '<queryDef schema="nms:recipient" operation="select"/>', 'selects nothing'],
  ['an unknown column', query("@shoeSize = '1'"), "Unknown path 'shoeSize'"],
  ['an unknown link', query("[shoe/@size] = '1'"), "Unknown path 'shoe/@size'"],
  ['text compared with a number', query('@email = 1'), 'Unable to compare'],
  ['a number compared with text', query("@id = '1'"), 'Unable to compare'],
  ['a time compared with text', query("@lastModified = '2026-01-01'"), 'Unable to compare'],
  ['a syntax error', query("@email == 'x'"), 'Unable to parse'],
  ['an open string', query("@email = 'x"), 'Unable to parse'],
  ['an unknown function', query("Upper(@email) = 'X'"), 'Unable to parse'],
  ['a path that is no condition', query('@email'), 'Unable to parse'],
  [
    'a bad line count',
    '<queryDef schema="nms:recipient" operation="select" lineCount="-1"><select><node expr="@id"/></select></queryDef>',
    'lineCount',
  ],
  [
    'an unsupported clause',
    '<queryDef schema="nms:recipient" operation="count"><groupBy/></queryDef>',
    'groupBy',
  ],
];

function query(condition: string): string {
  const escaped = condition.replace(/</g, '&lt;').replace(/"/g, '&quot;');
  return `<queryDef schema="nms:recipient" operation="count"><where><condition expr="${escaped}"/></where></queryDef>`;
}

it.each(badQueries)('refuses a query with %s', async (_what, queryDef, fault) => {
  await expectRefused(() => client.call('xtk:queryDef#ExecuteQuery', `<entity>${queryDef}</entity>`), fault);
});

it('answers only POST at the router', async () => {
  expect((await fetch(`${twin.url}/nl/jsp/soaprouter.jsp`)).status).toBe(405);
  expect((await fetch(`${twin.url}/elsewhere`, { method: 'POST' })).status).toBe(404);
});
