import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { BadCredentials, BadSettings, TryLater, type Context } from '@percorso/plugin-kit';
import type { Mail } from './compose';
import type { SmtpSettings } from './settings';

/** A server's refusal, or a connection lost. */
export interface SmtpFailure {
  /** The reply code; absent when the connection was lost. */
  code?: number;
  /** RFC 3463 status, e.g. 5.1.1. */
  status?: string;
  /** The command that was refused: MAIL FROM, RCPT TO, DATA. */
  command?: string;
  /** Whether the first byte of the message had been handed over. */
  dataStarted: boolean;
  tooLarge: boolean;
  text: string;
}

type NodemailerError = Error & {
  code?: string;
  /** What Node said, where nodemailer's own code stands in `code`. */
  originalCode?: string;
  responseCode?: number;
  response?: string;
  command?: string;
  rejectedErrors?: NodemailerError[];
};

const CONNECT_MS = 10_000;
const REPLY_MS = 30_000;
/** Node's codes for a chain that does not verify or is for another host; ERR_SSL_ ones are the protocol's. */
const REFUSED_CERTIFICATE = /^(?!ERR_SSL_).*(CERT|LEAF_SIGNATURE)/;

/** One SMTP connection, greeted, encrypted and authenticated, that sends one message at a time. */
export class SmtpSession {
  sent = 0;
  usable = true;

  private constructor(private readonly connection: SMTPConnection) {
    connection.on('error', () => (this.usable = false));
    connection.on('end', () => (this.usable = false));
  }

  /** @throws NotConnected, BadCredentials, BadSettings or TryLater; nothing was sent in any case. */
  static async open(ctx: Pick<Context<SmtpSettings>, 'settings' | 'connect'>): Promise<SmtpSession> {
    const { host, port, security, user, password, ca } = ctx.settings;
    const socket = await ctx.connect(host, port);
    const connection = new SMTPConnection({
      host,
      port,
      connection: socket,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      tls: ca === undefined ? {} : { ca: [...rootCertificates, ca] },
      greetingTimeout: CONNECT_MS,
      connectionTimeout: CONNECT_MS,
      socketTimeout: REPLY_MS,
      socketCloseTimeout: 1000,
      logger: false,
    });
    const session = new SmtpSession(connection);
    try {
      await settle((done) => {
        connection.once('error', done);
        connection.connect((error?: Error | null) => done(error));
      });
      if (user !== undefined) {
        await settle((done) => connection.login({ credentials: { user, pass: password ?? '' } }, done));
      }
    } catch (error) {
      session.close();
      throw meaning(error as NodemailerError);
    }
    return session;
  }

  /** Nothing when the server took the message; what went wrong otherwise. */
  async send({ envelope, message }: Mail, signal: AbortSignal): Promise<SmtpFailure | undefined> {
    let dataStarted = false;
    // Read only after the server said 354, so the first read is the moment from which the outcome can be in doubt.
    const body = new Readable({
      read(): void {
        dataStarted = true;
        this.push(message);
        this.push(null);
      },
    });
    this.sent += 1;
    try {
      await settle((done) => {
        signal.addEventListener('abort', () => done(new TryLater(undefined, 'The deadline passed.')), {
          once: true,
        });
        this.connection.send({ ...envelope, size: message.length }, body, done);
      });
      return undefined;
    } catch (error) {
      const failure = failureOf(error as NodemailerError, dataStarted);
      if (failure.code === undefined || failure.code === 421) this.close();
      else await settle((done) => this.connection.reset(done)).catch(() => this.close());
      return failure;
    }
  }

  close(): void {
    this.usable = false;
    this.connection.close();
  }
}

function settle(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}

function failureOf(error: NodemailerError, dataStarted: boolean): SmtpFailure {
  const cause = error.rejectedErrors?.[0] ?? error;
  const text = cause.response ?? '';
  return {
    code: cause.responseCode || undefined,
    status: /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1],
    command: cause.command,
    dataStarted,
    tooLarge: cause.code === 'EMESSAGE' && cause.responseCode === undefined,
    text: text.slice(0, 300),
  };
}

function meaning(error: NodemailerError): Error {
  const options = { cause: error };
  if (error.code === 'EAUTH' && (error.responseCode ?? 535) >= 500) {
    return new BadCredentials('The SMTP server refuses the user or the password.', options);
  }
  const reason = error.originalCode ?? '';
  if (REFUSED_CERTIFICATE.test(reason)) {
    const pointer = reason === 'ERR_TLS_CERT_ALTNAME_INVALID' ? '/host' : '/ca';
    return new BadSettings(pointer, `The server's certificate is refused: ${error.message}.`, options);
  }
  const answered = error.command === 'STARTTLS' ? (error.responseCode ?? 0) : 0;
  if (answered >= 500) return new BadSettings('/security', 'The server does not offer STARTTLS.', options);
  if ((error.code === 'ETLS' && answered === 0) || reason.startsWith('ERR_SSL_')) {
    return new BadSettings('/security', 'The encrypted connection could not be made.', options);
  }
  return new TryLater(undefined, 'The SMTP server did not take the connection.', options);
}
