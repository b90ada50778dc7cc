import { Hostile } from './testing/hostile';
import { LogLimit, Redactor } from './plugin-log';

describe('what a plugin says', () => {
  const redactor = new Redactor();
  redactor.hide(['s3cret/key+1', 'ab', undefined, 7]);

  it.each([
    ['its secret', 'used s3cret/key+1 twice: s3cret/key+1'],
    ['its secret in a URL', `GET /?key=${encodeURIComponent('s3cret/key+1')}`],
    ['its secret in base64', `Basic ${Buffer.from('s3cret/key+1').toString('base64')}`],
    ['credentials', 'Authorization: Bearer abcdefgh12345678'],
    ['an address', 'refused canary@example.com'],
    ['a phone number', 'sms to +39 333 123 4567'],
  ])('loses %s', (_, line) => {
    const text = redactor.text(line);
    expect(text).toMatch(/\[secret\]|\[redacted\]|\[email\]|\[phone\]/);
    expect(text).not.toMatch(/s3cret|czNjcmV0|abcdefgh|canary|333 123/);
  });

  it('keeps to one short line, with short fields', () => {
    expect(redactor.text('one\ntwo\r\nthree')).toBe('one two three');
    expect(redactor.text('word '.repeat(1000)).length).toBeLessThan(510);
    expect(redactor.fields({ n: 1, ok: true, to: 'canary@example.com', deep: {}, list: [1] })).toEqual({
      n: 1,
      ok: true,
      to: '[email]',
    });
    expect(redactor.fields('x')).toEqual({});
  });

  it('gives no secret as a reason', () => {
    const rejected = { status: 'rejected', code: 'no', reason: 'key s3cret/key+1 is refused' };
    const accepted = { status: 'accepted', providerId: 'p' };
    expect(redactor.reasons([rejected, accepted, null, 7])).toEqual([
      { ...rejected, reason: 'key [secret] is refused' },
      accepted,
      null,
      7,
    ]);
    expect(redactor.reasons({ events: [] })).toEqual({ events: [] });
  });

  it('has an end each minute', () => {
    const limit = new LogLimit();
    const taken = Array.from({ length: 200 }, () => limit.take(0));
    expect([taken.indexOf('last'), taken.filter((one) => one === 'drop').length]).toEqual([119, 80]);
    expect(limit.take(60_000)).toBe('write');
  });

  it('reaches the hub’s log that way only', async () => {
    const lines: string[] = [];
    const hostile = new Hostile({
      log: (_, message, fields) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    });
    const settings = { url: 'https://x.test', apiKey: 's3cret/key+1' };
    const deed = {
      message: 'key s3cret/key+1 for canary@example.com',
      fields: { key: 's3cret/key+1', n: 3 },
    };
    expect(await hostile.deed('log', deed, { settings })).toBe('accepted');
    hostile.host.stop();
    expect(lines).toEqual(['key [secret] for [email] {"key":"[secret]","n":3}']);
  });
});
