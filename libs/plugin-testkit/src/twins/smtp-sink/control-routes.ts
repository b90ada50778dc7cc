import { ControlRefusal, ControlRoute, Lines } from '../control-server';
import { Bounce, BounceRequest, RULE_KINDS, SinkJournalEntry, SinkRule } from './contract';
import { deliveryReport } from './delivery-report';
import { SmtpListenerParts } from './smtp-listener';

/** The control surface: reading what arrived, setting behaviours, making bounces. */
export function controlRoutes({ journal, rules, counters }: SmtpListenerParts): ControlRoute[] {
  const bounces: Bounce[] = [];
  return [
    ['GET', /^\/_twin\/messages$/, ({ query }) => new Lines(journal.since(Number(query.get('since') ?? 0)))],
    ['GET', /^\/_twin\/rules$/, () => rules.list()],
    ['POST', /^\/_twin\/rules$/, ({ body }) => ({ id: rules.add(readRule(body)) })],
    ['DELETE', /^\/_twin\/rules(?:\/([^/]+))?$/, ({ params }) => rules.clear(params[0] || undefined)],
    ['GET', /^\/_twin\/bounces$/, () => new Lines(bounces)],
    ['POST', /^\/_twin\/bounces$/, ({ body }) => makeBounce(journal.since(0), bounces, readBounce(body))],
    ['GET', /^\/_twin\/counters$/, () => counters],
  ];
}

function readRule(body: unknown): SinkRule {
  const rule = body as SinkRule | undefined;
  if (!rule || !RULE_KINDS.includes(rule.kind))
    throw new ControlRefusal(`kind must be one of ${RULE_KINDS.join(', ')}`);
  if (rule.kind === 'slow' && typeof rule.ms !== 'number') throw new ControlRefusal('slow needs ms');
  try {
    new RegExp(rule.recipient ?? '');
  } catch {
    throw new ControlRefusal('recipient is not a regular expression');
  }
  return rule;
}

function readBounce(body: unknown): BounceRequest {
  const request = body as BounceRequest | undefined;
  if (typeof request?.recipient !== 'string') throw new ControlRefusal('recipient is missing');
  if (Object.values(request).some((value) => /[\r\n]/.test(String(value))))
    throw new ControlRefusal('line breaks');
  return request;
}

async function makeBounce(
  messages: readonly SinkJournalEntry[],
  bounces: Bounce[],
  request: BounceRequest,
): Promise<Bounce> {
  const {
    recipient,
    messageId,
    status = '5.1.1',
    diagnostic = '550 5.1.1 No such user',
    action = 'failed',
  } = request;
  const about = messages.findLast(
    (one) => one.envelope.to.includes(recipient) && (messageId === undefined || one.messageId === messageId),
  );
  if (!about) throw new ControlRefusal('no such message to bounce');
  const raw = deliveryReport({ recipient, status, diagnostic, action }, about, new Date());
  const bounce: Bounce = { seq: bounces.length + 1, recipient, messageId: about.messageId, status, raw };
  if (request.url !== undefined) {
    const response = await fetch(request.url, {
      method: 'POST',
      headers: { 'content-type': 'message/rfc822' },
      body: raw,
    });
    bounce.posted = response.status;
  }
  bounces.push(bounce);
  return bounce;
}
