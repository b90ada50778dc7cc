import { messageEventName } from '@percorso/delivery';
import { samplePart } from '@percorso/segmentation';
import type { JourneyEvent } from '../../engine/instance';
import type { VisitOutcome } from '../../engine/protocol';
import type { RecordedMessage } from '../past/simulated-person';
import type { ReactionRule, ResponseRule } from '../simulation';
import type { Suppressed } from './suppressed-addresses';

/** A message that a provider is given. */
export interface GivenMessage {
  person: number;
  step: string;
  connectorId: string;
  channel?: string;
  /** The effect's. */
  key: string;
  /** Unix milliseconds. */
  at: number;
}

/** What becomes of it, and when. */
export interface ProviderAnswer {
  /** Undefined: nothing. */
  end?: { at: number; outcome: VisitOutcome };
  /** What is reported of it afterwards. */
  reports: JourneyEvent[];
  /** Why and since when nothing more may be sent where it went. */
  suppressed?: Suppressed;
}

/** What really became of the message, as much later as it did. */
export function repeat(recorded: RecordedMessage, { key, at }: GivenMessage): ProviderAnswer {
  const later = at - recorded.at;
  return {
    ...(recorded.end && { end: { ...recorded.end, at: recorded.end.at + later } }),
    reports: recorded.reports.map(({ messageId, name, occurredAt, receivedAt, properties }) => ({
      messageId,
      name,
      occurredAt: occurredAt.getTime() + later,
      receivedAt: receivedAt.getTime() + later,
      properties: { ...properties, effect_key: key },
    })),
  };
}

/** What the first rule that fits makes of it; where none does it is accepted at once. */
export function respond(rules: readonly ResponseRule[], message: GivenMessage): ProviderAnswer {
  const rule = rules.find((one, index) => fits(one, index, message));
  if (!rule) return { end: { at: message.at, outcome: { status: 'accepted' } }, reports: [] };
  const at = message.at + rule.after;
  const end = { at, outcome: rule.outcome };
  if (rule.outcome.status !== 'accepted') return { end, reports: [] };
  const drawn = rule.reactions.filter((reaction, index) =>
    draws(`reaction:${message.step}:${index}`, reaction.percent, message.person),
  );
  const [suppressed] = drawn
    .flatMap(({ is, after }) => {
      const reason = SUPPRESSING[is];
      return reason ? [{ at: at + after, reason }] : [];
    })
    .sort((a, b) => a.at - b.at);
  const reports = drawn.map((reaction) => reportOf(reaction, message, at));
  return { end, reports, ...(suppressed && { suppressed }) };
}

/** What a provider reports that suppresses an address. */
const SUPPRESSING: Partial<Record<ReactionRule['is'], Suppressed['reason']>> = {
  bounced: 'hard-bounce',
  complained: 'complaint',
};

const fits = (
  { step, connector, percent = 100 }: ResponseRule,
  index: number,
  message: GivenMessage,
): boolean =>
  (step === undefined || step === message.step) &&
  (connector === undefined || connector === message.connectorId) &&
  draws(`response:${message.step}:${index}`, percent, message.person);

/** The same for a profile however often it is asked. */
const draws = (salt: string, percent: number, person: number): boolean =>
  samplePart(salt, person) < percent * 100;

function reportOf({ is, after }: ReactionRule, { channel, key }: GivenMessage, from: number): JourneyEvent {
  const at = from + after;
  return {
    messageId: `${key}:${is}`,
    name: messageEventName({ type: is, channel: channel ?? 'email' }),
    occurredAt: at,
    receivedAt: at,
    properties: {
      channel: channel ?? 'email',
      effect_key: key,
      ...(is === 'bounced' && { bounce: 'hard' }),
    },
  };
}
