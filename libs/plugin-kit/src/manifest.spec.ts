import { parseManifest, supportsApi } from './manifest';

const manifest = {
  id: 'texts',
  name: 'Texts',
  kind: 'messaging',
  api: '^1.0',
  settingsVersion: 1,
  capabilities: ['send'],
  channel: 'sms',
  addressPointer: '/to',
  egress: ['api.texts.test', '*.texts.test:8443', { setting: 'host', port: { setting: 'port' } }],
};
const parse = (changes: object): unknown =>
  parseManifest({ keywords: ['percorso-plugin'], percorso: { ...manifest, ...changes } });

it('takes a whole manifest', () => expect(parse({})).toEqual({ manifest }));

it('knows no plugin without the keyword', () => {
  expect(parseManifest({ percorso: manifest })).toBeUndefined();
  expect(parseManifest(null)).toBeUndefined();
});

it.each([
  [{ id: 'Texts!' }, 'percorso.id'],
  [{ kind: 'fax' }, 'percorso.kind'],
  [{ api: '^3.0' }, 'percorso.api'],
  [{ settingsVersion: 0 }, 'percorso.settingsVersion'],
  [{ capabilities: ['fly'] }, 'percorso.capabilities'],
  [{ channel: undefined }, 'percorso.channel'],
  [{ addressPointer: 'to' }, 'percorso.addressPointer'],
  [{ recordKey: '' }, 'percorso.recordKey'],
  [{ recordKey: { field: 'key' } }, 'percorso.recordKey'],
  [{ addressPointer: undefined }, 'percorso.addressPointer'],
  [{ required: ['to'] }, 'percorso.required'],
  [{ egress: ['https://api.texts.test'] }, 'percorso.egress'],
  [{ egress: '*' }, 'percorso.egress'],
])('refuses %j', (changes, field) => {
  expect(parse(changes)).toEqual({ errors: [expect.stringContaining(field)] });
});

it.each([
  ['^1.0', true],
  ['1.0', true],
  ['^1.1', true],
  ['^1.9', false],
  ['^2.0', false],
  ['*', false],
])('contract range %s: %s', (range, supported) => expect(supportsApi(range)).toBe(supported));

it.each([
  ['^1.0', '2.0', true],
  ['^1.7', '2.0', true],
  ['^2.0', '2.0', true],
  ['^2.1', '2.0', false],
  ['^1.0', '3.0', false],
  ['^3.0', '2.4', false],
])('a plugin of contract %s on a host of %s: %s', (range, version, supported) =>
  expect(supportsApi(range, version)).toBe(supported),
);
