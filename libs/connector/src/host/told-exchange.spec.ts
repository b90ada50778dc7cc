import type { ExchangeBody, HttpExchange } from '@percorso/plugin-kit';
import { Redactor } from './plugin-log';
import { toldExchanges } from './told-exchange';

const SECRET = 'tr0ub4dor&3';

function told(exchange: object, count = 3): HttpExchange {
  const redactor = new Redactor();
  redactor.hide([SECRET]);
  const [one] = toldExchanges([{ items: [1], of: [0, 1, 2], exchange }], count, redactor);
  return one!.exchange as HttpExchange;
}
const http = (request: object, response: object | null = null): object => ({
  kind: 'http',
  at: '2026-03-01T00:00:00.000Z',
  tookMs: 12,
  request: { method: 'POST', url: 'https://api.vendor.test/v1', headers: {}, body: null, ...request },
  response,
  error: null,
});
const text = (value: string): ExchangeBody => ({ text: value, bytes: value.length });
const bodyOf = (value: string): string => told(http({ body: text(value) })).request.body!.text;

describe('what is kept of what went over the wire', () => {
  it('holds no secret of the connector, in whatever spelling', () => {
    const spelled = [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')];
    for (const one of spelled) expect(bodyOf(`<a>${one}</a>`)).toBe('<a>[secret]</a>');
  });

  it('holds nothing that its name says is a secret, as JSON, XML or a form', () => {
    expect(bodyOf('{"access_token":"abc\\"d","n":1,"apiKey" : 12,"password":"cut off')).toBe(
      '{"access_token":"[secret]","n":1,"apiKey" : "[secret]","password":"[secret]"',
    );
    expect(bodyOf('<ns:sessiontoken>abc</ns:sessiontoken><b strPassword="x y">c</b>')).toBe(
      '<ns:sessiontoken>[secret]</ns:sessiontoken><b strPassword="[secret]">c</b>',
    );
    expect(bodyOf('client_secret=abc&To=%2B4670&token=d')).toBe(
      'client_secret=[secret]&To=%2B4670&token=[secret]',
    );
    expect(bodyOf('Authorization: Bearer abcdefgh12345')).toBe('Authorization: Bearer [secret]');
    expect(bodyOf('{"email":"ada@example.com"}')).toBe('{"email":"ada@example.com"}');
  });

  it('has of the address no credentials and no values, and of headers the harmless ones', () => {
    const { request } = told(
      http({
        url: `https://user:pass@api.vendor.test/v1/people?key=abc&page=2#x`,
        headers: {
          Authorization: 'Bearer abc',
          Cookie: 'a=b',
          'X-Api-Key': 'k',
          'Content-Type': 'text/xml',
          'Idempotency-Key': 'e1',
        },
      }),
    );
    expect(request.url).toBe('https://api.vendor.test/v1/people?key=…&page=…');
    expect(request.headers).toEqual({ 'content-type': 'text/xml', 'idempotency-key': 'e1' });
  });

  it('is cut, without the half of a word that the cut left over', () => {
    const kept = bodyOf(`${'word '.repeat(2000)}`);
    expect(kept.length).toBeLessThanOrEqual(4000);
    expect(bodyOf(`${'x'.repeat(3990)} ${SECRET}`)).toBe(`${'x'.repeat(3990)} …`);
  });

  it('is nothing of what a guest makes up', () => {
    const redactor = new Redactor();
    const none = [
      null,
      'x',
      [],
      [null],
      [{ items: [0], exchange: { kind: 'other' } }],
      [{ items: [9], of: [], exchange: http({}) }],
    ];
    for (const given of none) expect(toldExchanges(given, 3, redactor)).toEqual([]);
    const odd = told(
      http({ method: 1, url: 'no url', headers: 'x', body: { text: 5 } }, { status: 'x', headers: null }),
    );
    expect(odd).toMatchObject({
      request: { url: '', headers: {}, body: null },
      response: { status: 0, headers: {}, body: null },
    });
  });
});
