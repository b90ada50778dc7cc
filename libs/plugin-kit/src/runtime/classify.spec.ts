import { AxiosError, AxiosHeaders, type AxiosResponse } from 'axios';
import { BadCredentials, BadPayload, BadSettings, NotConnected, TryLater, Unclear } from '../errors';
import { classify, retryAfter, verdictFor } from './classify';

function http(status: number, headers: Record<string, string> = {}): AxiosError {
  const response = { status, headers: new AxiosHeaders(headers), data: '' } as AxiosResponse;
  return new AxiosError('failed', 'ERR', undefined, undefined, response);
}

describe('classify', () => {
  it.each<[string, unknown, object]>([
    ['TryLater', new TryLater(9), { verdict: { status: 'retry', code: 'busy', afterSeconds: 9 } }],
    [
      'BadPayload',
      new BadPayload('no', 'No.'),
      { verdict: { status: 'rejected', code: 'no', reason: 'No.' } },
    ],
    ['Unclear', new Unclear('odd'), { verdict: { status: 'unknown', code: 'odd' } }],
    ['BadCredentials', new BadCredentials('No.'), { fault: { code: 'bad-credentials', message: 'No.' } }],
    [
      'BadSettings',
      new BadSettings('/x', 'No.'),
      { fault: { code: 'bad-settings', message: 'No.', pointer: '/x' } },
    ],
    [
      'a refused connection',
      new NotConnected('econnrefused', ''),
      { verdict: { status: 'retry', code: 'econnrefused' } },
    ],
    [
      'a host not allowed',
      new NotConnected('egress-denied', 'No.'),
      { fault: { code: 'bad-settings', message: 'No.' } },
    ],
    [
      'a certificate refused',
      new NotConnected('certificate-refused', 'No.'),
      { fault: { code: 'bad-settings', message: 'No.' } },
    ],
    [
      'a cause inside',
      new Error('x', { cause: new TryLater() }),
      { verdict: { status: 'retry', code: 'busy' } },
    ],
    [
      'a reset',
      Object.assign(new Error('x'), { code: 'ECONNRESET' }),
      { verdict: { status: 'unknown', code: 'econnreset' } },
    ],
    ['a mistake', new TypeError('x'), { verdict: { status: 'unknown', code: 'plugin-error' } }],
    ['no error', 'x', { verdict: { status: 'unknown', code: 'plugin-error' } }],
    ['HTTP 401', http(401), { fault: { code: 'bad-credentials' } }],
    ['HTTP 404', http(404), { verdict: { status: 'rejected', code: 'http-404' } }],
    ['HTTP 408', http(408), { verdict: { status: 'unknown', code: 'http-408' } }],
    [
      'HTTP 429',
      http(429, { 'retry-after': '7' }),
      { verdict: { status: 'retry', code: 'http-429', afterSeconds: 7 } },
    ],
    ['HTTP 500', http(500), { verdict: { status: 'unknown', code: 'http-500' } }],
    ['HTTP 503', http(503), { verdict: { status: 'retry', code: 'http-503' } }],
  ])('%s', (_, error, expected) => expect(classify(error)).toMatchObject(expected));

  it('throws faults of the connector on', () => {
    expect(() => verdictFor(new BadCredentials('No.'))).toThrow(BadCredentials);
    expect(verdictFor(new TryLater(1))).toEqual({ status: 'retry', code: 'busy', afterSeconds: 1 });
  });

  it.each<[string | undefined, number | undefined]>([
    ['120', 120],
    ['Tue, 01 Dec 2026 00:01:00 GMT', 60],
    ['Mon, 30 Nov 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    [undefined, undefined],
  ])('Retry-After %p', (value, seconds) => {
    expect(retryAfter({ 'retry-after': value }, Date.parse('2026-12-01T00:00:00Z'))).toBe(seconds);
  });
});
