import fc from 'fast-check';
import sdk from 'twilio';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import type { Context } from '@percorso/plugin-kit';
import { formOf } from './form';
import { receipts } from './receipts';
import { refusal, withoutNumbers } from './refusal';
import type { TwilioSettings } from './settings';
import { isSigned } from './signature';

const seed = Number(process.env.PERCORSO_SEED);

describe('formOf', () => {
  it.each<[object, string]>([
    [{ to: 5 }, '/to'],
    [{ to: undefined }, '/to'],
    [{ text: undefined }, '/text'],
    [{ text: 5 }, '/text'],
    [{ text: 'x'.repeat(1601) }, '/text'],
    [{ mediaUrls: 'https://a.test' }, '/mediaUrls'],
    [{ mediaUrls: ['nowhere'] }, '/mediaUrls'],
    [{ mediaUrls: Array(11).fill('https://a.test') }, '/mediaUrls'],
    [{ from: 5 }, '/from'],
  ])('refuses %j', (payload, pointer) => {
    const form = formOf({ to: '+46701234567', text: 'Hello', ...payload }, { from: 'Acme' });
    expect(form).toMatchObject({ status: 'rejected', pointer });
  });

  it('needs a sender', () => {
    expect(formOf({ to: '+46701234567', text: 'Hello' }, {})).toMatchObject({ code: 'no-sender' });
  });
});

describe('refusal', () => {
  it.each<[unknown, object | undefined]>([
    [
      { code: 21211, message: "The 'To' number +46 70-123 45 67 is not a valid phone number." },
      {
        status: 'rejected',
        code: 'twilio-21211',
        bounce: 'hard',
        reason: "The 'To' number … is not a valid phone number.",
      },
    ],
    [{ code: 21614 }, { status: 'rejected', bounce: 'hard', pointer: '/to' }],
    [{ code: 21635 }, { status: 'rejected', bounce: 'hard', pointer: '/to' }],
    [{ code: 21610 }, { status: 'rejected', code: 'opted-out', pointer: '/to' }],
    [{ code: 21611 }, { status: 'retry', afterSeconds: 60 }],
    [{ code: 21660 }, { status: 'rejected', pointer: '/from' }],
    [{ code: 21701 }, { status: 'rejected', pointer: '/from' }],
    [{ code: 21408 }, { status: 'rejected', code: 'twilio-21408' }],
    ['<html>', undefined],
    [undefined, undefined],
  ])('%j', (data, verdict) => {
    const found = refusal(data, false);
    if (verdict === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(verdict);
  });

  it.each([21401, 21408, 21606, 21612, 21657, 21659, 21703, 21214, 21217, 99999])(
    '%i costs one message: neither its number nor the connector is to blame for sure',
    (code) => {
      const found = refusal({ code, message: 'No.' }, true);
      expect(found).toMatchObject({ status: 'rejected', code: `twilio-${code}`, reason: 'No.' });
      expect(found).not.toHaveProperty('bounce');
    },
  );

  it.each([
    [21212, '/from'],
    [21603, '/from'],
    [21660, '/from'],
    [21661, '/from'],
    [21701, '/messagingServiceSid'],
    [21704, '/messagingServiceSid'],
  ])('%i is the fault of the settings where the sender is theirs', (code, pointer) => {
    const sendWithSettings = (): unknown => refusal({ code, message: 'No.' }, true);
    expect(sendWithSettings).toThrow(
      expect.objectContaining({ kind: 'bad-settings', pointer, message: 'No.' }),
    );
  });

  it('keeps short numbers and quotes nobody', () => {
    expect(withoutNumbers('1600 characters to +46701234567, error 21617')).toBe(
      '1600 characters to …, error 21617',
    );
  });
});

const authToken = '12345678901234567890123456789012';
const now = new Date('2026-12-01T08:00:00.000Z');
const ctx = { settings: { authToken }, now: () => now } as Context<TwilioSettings>;

describe('receipts', () => {
  const told = (fields: Record<string, string>) =>
    receipts(new URLSearchParams({ MessageSid: 'SM1', To: '+46701234567', ...fields }).toString(), ctx);
  const common = { channel: 'sms', address: '+46701234567', at: now.toISOString(), providerId: 'SM1' };

  it.each<[Record<string, string>, object]>([
    [{ MessageStatus: 'sent' }, { type: 'sent', id: 'SM1:sent' }],
    [
      { MessageStatus: 'delivered', RawDlrDoneDate: '2612010900' },
      { type: 'delivered', id: 'SM1:delivered' },
    ],
    [{ MessageStatus: 'read' }, { type: 'opened', id: 'SM1:read' }],
    [
      { MessageStatus: 'undelivered', ErrorCode: '30005' },
      { type: 'bounced', bounce: 'hard', reason: 'undelivered 30005', id: 'SM1:undelivered' },
    ],
    [
      { MessageStatus: 'undelivered', ErrorCode: '30003' },
      { type: 'bounced', bounce: 'soft' },
    ],
    [{ MessageStatus: 'failed' }, { type: 'bounced', bounce: 'soft', reason: 'failed' }],
    [
      { MessageStatus: 'undelivered', ErrorCode: '30006', From: '+15005550006' },
      { type: 'bounced', bounce: 'hard' },
    ],
    [
      { MessageStatus: 'undelivered', ErrorCode: '30006', From: '24680' },
      { type: 'bounced', bounce: 'soft' },
    ],
    [
      { MessageStatus: 'failed', ErrorCode: '21610' },
      { type: 'unsubscribed', id: 'SM1:stop' },
    ],
    [{ SmsStatus: 'delivered' }, { type: 'delivered', id: 'SM1:delivered' }],
  ])('%j', async (fields, event) => {
    expect(await told(fields)).toEqual([expect.objectContaining({ ...common, ...event })]);
  });

  const SILENT = 'accepted scheduled queued sending canceled receiving received partially_delivered nonsense';
  it.each([...SILENT.split(' '), ''])('%j is no news', async (status) => {
    expect(await told({ MessageStatus: status })).toEqual([]);
  });

  const incoming = { SmsStatus: 'received', From: '+46701234567', To: '+15005550006' };
  it.each<Record<string, string>>([
    { Body: 'Arrêt', OptOutType: 'STOP' },
    { Body: 'Stop' },
    { Body: ' unsubscribe\n' },
    { Body: 'OPTOUT' },
  ])('hears %j', async (fields) => {
    expect(await told({ ...incoming, ...fields })).toEqual([
      {
        id: 'SM1:stop',
        type: 'unsubscribed',
        channel: 'sms',
        address: '+46701234567',
        at: now.toISOString(),
      },
    ]);
  });

  it.each<Record<string, string>>([
    { Body: 'Stop please' },
    { Body: 'start', OptOutType: 'START' },
    { Body: 'stop', OptOutType: 'HELP' },
    { Body: '' },
    { Body: 'STOP', From: '' },
  ])('hears nothing in %j', async (fields) => {
    expect(await told({ ...incoming, ...fields })).toEqual([]);
  });
});

describe("the signature, beside Twilio's own verifier", () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const fields = fc.array(fc.tuple(text, text), { maxLength: 6 });
  const place = fc.record({
    scheme: fc.constantFrom('https', 'http', 'HTTPS'),
    host: fc.constantFrom(
      'hub.example.com',
      'Hub.Example.com',
      'user:pw@hub.example.com',
      '[::1]',
      '127.0.0.1',
    ),
    port: fc.constantFrom('', ':443', ':80', ':8443'),
    path: fc.constantFrom('', '/', '/v1/hooks/h1', "/v1/hooks/it's", '/a%20b'),
    query: fc.constantFrom('', '?', '?a=1', "?name=O'Brien", '?a=b%20c&a=d', '?x=é', '?a'),
  });
  const urlOf = ({ scheme, host, port, path, query }: Record<string, string>): string =>
    `${scheme}://${host}${port}${path}${query}`;
  const paramsOf = (form: URLSearchParams): Record<string, string | string[]> =>
    Object.fromEntries(
      [...new Set(form.keys())].map((name) => {
        const values = [...form.getAll(name)];
        return [name, values.length > 1 ? values : String(values[0])];
      }),
    );

  it(`agrees on what Twilio signs and on what it does not (seed ${seed})`, () => {
    const verdicts = new Set<boolean>();
    fc.assert(
      fc.property(
        place,
        place,
        fields,
        fields,
        fc.constantFrom('same', 'url', 'fields', 'token'),
        (a, b, f, g, what) => {
          const signed = paramsOf(new URLSearchParams(f));
          const signature = getExpectedTwilioSignature(
            what === 'token' ? 'other' : authToken,
            urlOf(a),
            signed,
          );
          const url = urlOf(what === 'url' ? { ...a, port: b.port, query: b.query } : a);
          const form = new URLSearchParams(what === 'fields' ? g : f);
          const theirs = sdk.validateRequest(authToken, signature, url, paramsOf(form));
          verdicts.add(theirs);
          expect([url, isSigned(authToken, signature, url, form)]).toEqual([url, theirs]);
        },
      ),
      { seed, numRuns: 2000 },
    );
    expect(verdicts).toEqual(new Set([true, false]));
  });
});
