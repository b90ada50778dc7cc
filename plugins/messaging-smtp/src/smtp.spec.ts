import { compose, messageIdOf } from './compose';
import { parseReport } from './receipts';
import { verdictOf } from './send';

const FROM = 'News <news@example.test>';
const now = new Date('2026-12-01T00:00:00Z');
const mail = (payload: object) =>
  compose({ key: 'k', payload: { to: 'a@example.test', text: 'x', ...payload } }, FROM);

describe('compose', () => {
  it.each<[object, string]>([
    [{ to: 'a@example.test, b@example.test' }, '/to'],
    [{ to: 'a@example.test\r\nBcc: b@example.test' }, '/to'],
    [{ to: 7 }, '/to'],
    [{ subject: 'Hi\r\nBcc: b@example.test' }, '/subject'],
    [{ from: 'a@example.test\n' }, '/from'],
    [{ replyTo: 'a@example.test\rX: y' }, '/replyTo'],
    [{ headers: { 'X-A': 'b\r\nBcc: c@example.test' } }, '/headers/X-A'],
    [{ headers: { Bcc: 'c@example.test' } }, '/headers/Bcc'],
    [{ headers: { 'X-A: b\r\nBcc': 'c' } }, '/headers/X-A: b\r\nBcc'],
    [{ headers: [] }, '/headers'],
    [{ text: undefined }, '/text'],
    [{ text: { path: '/etc/passwd' } }, '/text'],
  ])('refuses %j', async (payload, pointer) => {
    expect(await mail(payload)).toMatchObject({ status: 'rejected', pointer });
  });

  it('gives the same effect the same Message-ID', async () => {
    const made = await mail({ headers: { 'List-Unsubscribe': '<https://example.test/u>' } });
    const text = 'message' in made ? made.message.toString() : '';
    expect(text).toContain(`Message-ID: ${messageIdOf('k', FROM)}`);
    expect(text).toContain('List-Unsubscribe: <https://example.test/u>');
    expect(messageIdOf('k', FROM)).not.toBe(messageIdOf('l', FROM));
    expect(messageIdOf('k', FROM)).toMatch(/^<[\w-]{43}@example\.test>$/);
  });
});

describe('verdictOf', () => {
  const failure = { dataStarted: false, tooLarge: false, text: '' };
  it.each<[object, object]>([
    [
      { code: 550, status: '5.1.1', command: 'RCPT TO', text: '550 5.1.1 <a@b.test> unknown' },
      { status: 'rejected', code: 'hard-bounce', bounce: 'hard', reason: '550 5.1.1 … unknown' },
    ],
    [
      { code: 552, status: '5.2.2', command: 'RCPT TO', text: '552 5.2.2 full' },
      { status: 'rejected', code: 'smtp-552', bounce: 'soft' },
    ],
    [
      { code: 554, status: '5.7.1', command: 'DATA', text: '554 5.7.1 spam' },
      { status: 'rejected', code: 'smtp-554' },
    ],
    [{ code: 451 }, { status: 'retry', code: 'smtp-451' }],
    [{ tooLarge: true }, { status: 'rejected', code: 'too-large' }],
    [{}, { status: 'retry', code: 'connection-lost' }],
    [{ dataStarted: true }, { status: 'unknown', code: 'connection-lost' }],
    [
      { dataStarted: true, code: 250 },
      { status: 'unknown', code: 'protocol' },
    ],
  ])('%j', (found, verdict) => expect(verdictOf({ ...failure, ...found })).toMatchObject(verdict));
});

describe('parseReport', () => {
  const report = (fields: string): string =>
    [
      'From: MAILER-DAEMON@mx.example.test',
      'Date: Tue, 01 Dec 2026 08:00:00 +0100',
      'Content-Type: multipart/report; report-type=delivery-status;',
      '\tboundary="b+1"',
      '',
      '--b+1',
      'Content-Type: text/plain',
      '',
      'It failed.',
      '--b+1',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.test',
      '',
      fields,
      '',
      '--b+1',
      'Content-Type: text/rfc822-headers',
      '',
      'Message-ID: <m1@example.test>',
      '--b+1--',
    ].join('\r\n');
  const failed = (status: string): string =>
    `Final-Recipient: rfc822; a@example.test\r\nAction: failed\r\nStatus: ${status}\r\nDiagnostic-Code: smtp; 550 no a@example.test\r\n  here`;

  it.each<[string, 'hard' | 'soft']>([
    ['5.1.1', 'hard'],
    ['5.2.2', 'soft'],
  ])('reads a failure %s', (status, bounce) => {
    const [event] = parseReport(report(failed(status)), now);
    expect(event).toEqual({
      id: expect.any(String),
      type: 'bounced',
      channel: 'email',
      address: 'a@example.test',
      at: '2026-12-01T07:00:00.000Z',
      bounce,
      reason: `${status} smtp; 550 no … here`,
      providerId: '<m1@example.test>',
    });
    expect(parseReport(report(failed(status)), new Date())[0]?.id).toBe(event?.id);
  });

  it('reads every recipient, and only failures', () => {
    const delayed = failed('4.4.1').replace('failed', 'delayed');
    const other = failed('5.1.1').replace('a@example.test', 'b@example.test');
    const events = parseReport(report([delayed, failed('5.1.1'), other].join('\r\n\r\n')), now);
    expect(events.map(({ address }) => address)).toEqual(['a@example.test', 'b@example.test']);
  });

  it.each([
    '',
    'Subject: hi\r\n\r\nhello',
    report(''),
    'Content-Type: multipart/report; boundary=x\r\n\r\n--x',
  ])('gives nothing for other mail', (raw) => expect(parseReport(raw, now)).toEqual([]));
});
