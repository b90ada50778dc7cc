import { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SMTPServer, SMTPServerDataStream, SMTPServerSession } from 'smtp-server';
import { Journal } from '../journal';
import { TriggerList } from '../trigger';
import { SinkCounters, SinkJournalEntry, SinkRule } from './contract';
import { readMessage } from './read-message';

export interface SmtpListenerParts {
  journal: Journal<SinkJournalEntry>;
  rules: TriggerList<SinkRule>;
  counters: SinkCounters;
  credentials: { user: string; password: string } | undefined;
  starttls: boolean;
  /** TLS from the first byte. */
  tls: boolean;
  certificate: { cert: Buffer; key: Buffer } | undefined;
  maxSize: number;
}

const REFUSALS: Partial<Record<SinkRule['kind'], [code: number, text: string]>> = {
  hardBounce: [550, '5.1.1 No such user'],
  greylist: [450, '4.7.1 Greylisted, try again later'],
  unavailable: [421, '4.3.2 Service not available'],
};

/** Serves SMTP on 127.0.0.1 and resolves with the port. */
export async function listenSmtp(parts: SmtpListenerParts, port: number): Promise<number> {
  const { SMTPServer } = await import('smtp-server');
  const sockets = new Map<number, Socket>();
  const disabledCommands = [...(parts.starttls ? [] : ['STARTTLS']), ...(parts.credentials ? [] : ['AUTH'])];
  const server: SMTPServer = new SMTPServer({
    ...parts.certificate,
    secure: parts.tls,
    disabledCommands,
    authOptional: parts.credentials === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: parts.maxSize,
    onAuth(auth, _session, callback) {
      const { credentials } = parts;
      const known = auth.username === credentials?.user && auth.password === credentials?.password;
      const rejected = take(parts, (rule) => rule.kind === 'rejectAuth');
      if (known && !rejected) callback(null, { user: auth.username });
      else callback(smtpError(535, rejected?.message ?? '5.7.8 Authentication credentials invalid'));
    },
    onRcptTo(address, session, callback) {
      const rule = take(parts, (one) => REFUSALS[one.kind] !== undefined && matches(one, [address.address]));
      const refusal = rule && REFUSALS[rule.kind];
      if (!rule || !refusal) return callback();
      callback(smtpError(refusal[0], rule.message ?? refusal[1]));
      if (rule.kind === 'unavailable') sockets.get(session.remotePort)?.end();
    },
    onData(stream, session, callback) {
      receive(parts, stream, session, () => sockets.get(session.remotePort)?.destroy()).then(
        () => callback(),
        (error: Error) => callback(error),
      );
    },
  });
  server.on('error', (error) => process.stderr.write(`${error.message}\n`));
  server.server.on('connection', (socket) => {
    const { remotePort } = socket;
    parts.counters.connections += 1;
    if (remotePort === undefined) return;
    sockets.set(remotePort, socket);
    socket.once('close', () => sockets.delete(remotePort));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.server.address() as AddressInfo).port;
}

async function receive(
  parts: SmtpListenerParts,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  drop: () => void,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  if (stream.sizeExceeded) throw smtpError(552, '5.3.4 Message too big');
  const { mailFrom, rcptTo } = session.envelope;
  const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map((one) => one.address) };
  const slow = take(parts, (rule) => rule.kind === 'slow' && matches(rule, envelope.to));
  if (slow) await sleep(slow.ms ?? 0);
  const cut = take(
    parts,
    (rule) =>
      (rule.kind === 'acceptThenDrop' || rule.kind === 'dropBeforeAccept') && matches(rule, envelope.to),
  );
  if (cut?.kind === 'dropBeforeAccept') return drop();
  const outcome = cut ? 'acceptedThenDropped' : 'accepted';
  const message = await readMessage(Buffer.concat(chunks));
  parts.journal.append([{ envelope, ...message, outcome }], new Date());
  parts.counters.accepted += 1;
  if (cut) drop();
}

function take(parts: SmtpListenerParts, wanted: (rule: SinkRule) => boolean): SinkRule | undefined {
  const rule = parts.rules.take(wanted);
  if (rule) parts.counters.refused[rule.kind] = (parts.counters.refused[rule.kind] ?? 0) + 1;
  return rule;
}

function matches(rule: SinkRule, recipients: string[]): boolean {
  const pattern = new RegExp(rule.recipient ?? '', 'i');
  return recipients.some((recipient) => pattern.test(recipient));
}

function smtpError(responseCode: number, message: string): Error & { responseCode: number } {
  return Object.assign(new SmtpRefusal(message), { responseCode });
}

/** What the sink answers to a command it refuses. */
class SmtpRefusal extends Error {
  override readonly name = 'SmtpRefusal';
}
