import { accepted, BadCredentials, PluginError, rejected, retry, unknown } from '@percorso/plugin-kit';
import type { Context, Item, Verdict } from '@percorso/plugin-kit';
import { compose } from './compose';
import { SmtpPool } from './pool';
import { SmtpSession, type SmtpFailure } from './session';
import type { SmtpSettings } from './settings';

/** Sends each item as one message to one recipient. */
export async function send(items: Item[], ctx: Context<SmtpSettings>): Promise<Verdict[]> {
  const { settings, connect } = ctx;
  const pool = ctx.keep(() => new SmtpPool(() => SmtpSession.open({ settings, connect })));
  const outcomes = await Promise.all(items.map((item) => sendOne(item, pool, ctx)));
  const fault = outcomes.find((outcome) => outcome instanceof Error);
  // One fault of the connector speaks for the call, unless some items already have an answer to keep.
  if (fault && outcomes.every((outcome) => outcome instanceof Error)) throw fault;
  return outcomes.map((outcome) => (outcome instanceof Error ? retry(undefined, codeOf(outcome)) : outcome));
}

async function sendOne(item: Item, pool: SmtpPool, ctx: Context<SmtpSettings>): Promise<Verdict | Error> {
  const mail = await compose(item, ctx.settings.from);
  if ('status' in mail) return mail;
  try {
    return await pool.use(async (session) => {
      if (ctx.signal.aborted) return retry(undefined, 'deadline');
      const failure = await session.send(mail, ctx.signal);
      return failure ? verdictOf(failure) : accepted(mail.messageId);
    });
  } catch (error) {
    return error as Error;
  }
}

/** What a server's answer, or its silence, means for one message. */
export function verdictOf(failure: SmtpFailure): Verdict {
  const { code, status, text } = failure;
  if (failure.tooLarge) return rejected('too-large', 'The server takes no message of this size.');
  if (code === undefined)
    return failure.dataStarted ? unknown('connection-lost') : retry(undefined, 'connection-lost');
  if (code < 400) return unknown('protocol');
  if (code < 500) return retry(undefined, `smtp-${code}`);
  const reason = withoutAddresses(text) || `The server answered ${code}.`;
  if (status?.startsWith('5.1.')) return rejected('hard-bounce', reason, { pointer: '/to', bounce: 'hard' });
  const bounce = failure.command?.startsWith('RCPT') || status?.startsWith('5.2.') ? 'soft' : undefined;
  return rejected(`smtp-${code}`, reason, bounce ? { pointer: '/to', bounce } : {});
}

/** Servers repeat the recipient; reasons are kept, people are not. */
export function withoutAddresses(text: string): string {
  return text.replace(/<?[^\s<>@]+@[^\s<>@]+>?/g, '…').trim();
}

function codeOf(error: Error): string {
  if (error instanceof BadCredentials) return 'bad-credentials';
  return error instanceof PluginError ? error.kind : 'not-connected';
}
