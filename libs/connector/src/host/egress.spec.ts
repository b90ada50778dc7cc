import { egressRules, isAllowed, normalizeHost } from './egress';
import { isPublicAddress } from './private-ranges';

describe('egressRules', () => {
  const settings = {
    url: 'http://acc.test:8080/nl',
    secure: 'https://acc.test',
    host: 'Mail.Example.TEST.',
    port: 2525,
  };

  it.each([
    ['api.vendor.test', [{ host: 'api.vendor.test', port: 443 }]],
    ['api.vendor.test:8443', [{ host: 'api.vendor.test', port: 8443 }]],
    ['*.vendor.test', [{ host: '*.vendor.test', port: 443 }]],
    [{ setting: 'url' }, [{ host: 'acc.test', port: 8080 }]],
    [{ setting: 'secure' }, [{ host: 'acc.test', port: 443 }]],
    [{ setting: 'host', port: { setting: 'port' } }, [{ host: 'mail.example.test', port: 2525 }]],
    [{ setting: 'absent' }, []],
    [{ setting: 'host', port: { setting: 'absent' } }, []],
  ])('%j', (egress, rules) => expect(egressRules([egress], settings)).toEqual(rules));

  it('matches whole names and ports, whatever their spelling', () => {
    const rules = egressRules(['*.vendor.test', { setting: 'host', port: { setting: 'port' } }], settings);
    expect(isAllowed(rules, 'eu.vendor.test', 443)).toBe(true);
    expect(isAllowed(rules, 'MAIL.example.test', 2525)).toBe(true);
    expect(isAllowed(rules, 'evilvendor.test', 443)).toBe(false);
    expect(isAllowed(rules, 'vendor.test', 443)).toBe(false);
    expect(isAllowed(rules, 'vendor.test.evil.test', 443)).toBe(false);
    expect(isAllowed(rules, 'eu.vendor.test', 80)).toBe(false);
    expect(isAllowed(rules, 'mail.example.test/@eu.vendor.test', 443)).toBe(false);
  });
});

describe('private addresses', () => {
  it.each(['2130706433', '0x7f.1', '127.1', '①②⑦.0.0.1', '[::ffff:127.0.0.1]'])(
    '%s is folded and refused',
    (host) => {
      expect(isPublicAddress(normalizeHost(host) ?? '')).toBe(false);
    },
  );

  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'not-an-address',
  ])('%s is not public', (address) => expect(isPublicAddress(address)).toBe(false));

  it.each(['1.1.1.1', '8.8.8.8', '2606:4700:4700::1111'])('%s is public', (address) =>
    expect(isPublicAddress(address)).toBe(true),
  );
});
