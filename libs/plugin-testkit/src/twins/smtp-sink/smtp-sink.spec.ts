import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { readBody } from '../control-server';
import { SinkRule } from './contract';
import { SmtpSink, startSmtpSink } from './smtp-sink';

const journal = join(tmpdir(), `smtp-sink-${randomUUID()}.ndjson`);
let sink: SmtpSink;

beforeAll(async () => {
  sink = await startSmtpSink({ journal });
});

afterAll(async () => {
  await sink.stop();
  rmSync(journal, { force: true });
});

afterEach(() => sink.clearRules());

async function send(
  to: string,
  subject = 'Hello',
  auth?: { user: string; pass: string },
  target = sink,
): Promise<string> {
  const transport = createTransport({
    host: target.host,
    port: target.port,
    secure: false,
    tls: { rejectUnauthorized: false },
    ...(auth ? { auth } : {}),
  });
  try {
    const sent = await transport.sendMail({
      from: 'Hub <hub@percorso.test>',
      to,
      subject,
      text: 'Grüße',
      html: '<p>Grüße</p>',
      headers: { 'List-Unsubscribe': '<https://percorso.test/u/1>', 'X-Effect': 'effect-1' },
    });
    return sent.messageId;
  } finally {
    transport.close();
  }
}

it('records what it accepted', async () => {
  const messageId = await send('ada@example.test', 'Überraschung');
  const [message] = (await sink.messages()).filter((one) => one.messageId === messageId);
  expect(message).toMatchObject({
    envelope: { from: 'hub@percorso.test', to: ['ada@example.test'] },
    subject: 'Überraschung',
    from: 'hub@percorso.test',
    to: ['ada@example.test'],
    text: 'Grüße',
    outcome: 'accepted',
  });
  expect(message?.html).toContain('<p>Grüße</p>');
  expect(message?.headers).toMatchObject({
    'list-unsubscribe': '<https://percorso.test/u/1>',
    'x-effect': 'effect-1',
  });
});

const refusals: Array<[SinkRule['kind'], number | undefined, number]> = [
  ['hardBounce', 550, 0],
  ['greylist', 450, 0],
  ['unavailable', 421, 0],
  ['acceptThenDrop', undefined, 1],
  ['dropBeforeAccept', undefined, 0],
];

it.each(refusals)(
  '%s: the sender sees %p and %d messages are recorded',
  async (kind, responseCode, recorded) => {
    const before = (await sink.messages()).length;
    await sink.inject({ kind, recipient: '@victim\\.test$' });
    await expect(send('bob@victim.test')).rejects.toEqual(
      expect.objectContaining(responseCode === undefined ? { code: 'ECONNECTION' } : { responseCode }),
    );
    const messages = await sink.messages(before);
    expect(messages.map((one) => one.outcome)).toEqual(Array<string>(recorded).fill('acceptedThenDropped'));
    await expect(send('bob@other.test')).resolves.toBeTruthy();
  },
);

it('greylists the first attempt only, when told so', async () => {
  await sink.inject({ kind: 'greylist', recipient: 'eve@', count: 1 });
  await expect(send('eve@example.test')).rejects.toMatchObject({ responseCode: 450 });
  await expect(send('eve@example.test')).resolves.toBeTruthy();
});

it('is slow when told so', async () => {
  await sink.inject({ kind: 'slow', ms: 400 });
  const start = Date.now();
  await send('ada@example.test');
  expect(Date.now() - start).toBeGreaterThanOrEqual(390);
});

it('makes the report an MTA would send back, and posts it', async () => {
  const messageId = await send('gone@example.test');
  const received: string[] = [];
  const server = createServer((req, res) => {
    void readBody(req).then((body) => {
      received.push(`${req.headers['content-type']}\n${body.toString()}`);
      res.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dsn`;
  const bounce = await sink.bounce({
    recipient: 'gone@example.test',
    status: '5.2.2',
    diagnostic: '552 5.2.2 Full',
    url,
  });
  server.close();
  expect(bounce).toMatchObject({ recipient: 'gone@example.test', messageId, status: '5.2.2', posted: 202 });
  expect(await sink.bounces()).toEqual([bounce]);
  expect(received).toEqual([`message/rfc822\n${bounce.raw}`]);
  const report = await simpleParser(bounce.raw);
  expect(report.headers.get('content-type')).toMatchObject({
    value: 'multipart/report',
    params: { 'report-type': 'delivery-status' },
  });
  expect(report.from?.value[0]?.address).toMatch(/^MAILER-DAEMON@/);
  const status =
    bounce.raw.split('Content-Type: message/delivery-status\r\n\r\n')[1]?.split('\r\n\r\n') ?? [];
  expect(status[0]).toContain('Reporting-MTA: dns; ');
  expect(status[1]).toContain(
    'Final-Recipient: rfc822; gone@example.test\r\nAction: failed\r\nStatus: 5.2.2\r\n',
  );
  expect(bounce.raw).toContain(`message-id: ${messageId}`);
  await expect(sink.bounce({ recipient: 'stranger@example.test' })).rejects.toThrow('no such message');
});

it('keeps its journal over a crash', async () => {
  const other = join(tmpdir(), `smtp-sink-${randomUUID()}.ndjson`);
  const first = await startSmtpSink({ journal: other });
  const messageId = await send('ada@example.test', 'Hello', undefined, first);
  await first.kill();
  const second = await startSmtpSink({ journal: other });
  expect((await second.messages()).map((one) => one.messageId)).toEqual([messageId]);
  await second.stop();
  rmSync(other, { force: true });
});

it('asks for AUTH and STARTTLS when so started', async () => {
  const other = join(tmpdir(), `smtp-sink-${randomUUID()}.ndjson`);
  const closed = await startSmtpSink({ journal: other, user: 'hub', pass: 's3cret', starttls: true });
  await expect(send('ada@example.test', 'x', { user: 'hub', pass: 'wrong' }, closed)).rejects.toMatchObject({
    responseCode: 535,
  });
  await expect(send('ada@example.test', 'x', undefined, closed)).rejects.toMatchObject({ responseCode: 530 });
  await closed.inject({ kind: 'rejectAuth' });
  await expect(send('ada@example.test', 'x', { user: 'hub', pass: 's3cret' }, closed)).rejects.toMatchObject({
    responseCode: 535,
  });
  await expect(send('ada@example.test', 'x', { user: 'hub', pass: 's3cret' }, closed)).resolves.toBeTruthy();
  expect((await closed.counters()).refused).toEqual({ rejectAuth: 1 });
  await closed.stop();
  rmSync(other, { force: true });
});
