import { parseManifest } from './manifest';

const manifest = {
  id: 'texts',
  name: 'Texts',
  kind: 'messaging',
  api: '^1.2',
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
  [{ api: '^3.0', kind: 'to-come' }, 'percorso.api ^3.0 is too new'],
  [{ api: '^1.0' }, 'percorso.api ^1.0 is too old'],
  [{ api: undefined }, 'percorso.api must name a version'],
  [{ api: '^1.1', capabilities: ['send', 'call'] }, 'percorso.capabilities: contract 1.1 has no call'],
  [{ api: '^1.1', kind: 'service' }, 'percorso.kind: contract 1.1 has no service'],
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
