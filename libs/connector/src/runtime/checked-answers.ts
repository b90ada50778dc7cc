import {
  MESSAGE_EVENTS,
  RESPONSE_BYTES,
  type LookupResult,
  type MessageEvent,
  type Operation,
  type Verdict,
} from '@percorso/plugin-kit';

const NONSENSE: Verdict = { status: 'unknown', code: 'plugin-nonsense' };
const EVENT_TYPES = new Set<string>(MESSAGE_EVENTS);
const MAX_EVENTS = 10_000;

/** A plugin's verdicts as far as they make sense; what does not is unknown. Only calls have responses. */
export function checkedVerdicts(answer: unknown, count: number, operation: Operation): Verdict[] {
  const list = Array.isArray(answer) && answer.length === count ? answer : [];
  return Array.from({ length: count }, (_, index) => {
    const given: unknown = list[index];
    const verdict = checkedVerdict(given);
    return operation === 'call' && verdict.status === 'accepted' ? withResponse(verdict, given) : verdict;
  });
}

/** It came as JSON. What is too large is lost, but not what became of the call. */
function withResponse(verdict: Verdict & { status: 'accepted' }, given: unknown): Verdict {
  const { response = null } = given as { response?: unknown };
  return Buffer.byteLength(JSON.stringify(response)) > RESPONSE_BYTES
    ? { ...verdict, responseProblem: 'too-large' }
    : { ...verdict, response };
}

function checkedVerdict(given: unknown): Verdict {
  if (!isRecord(given)) return NONSENSE;
  const code = text(given['code'], 100);
  switch (given['status']) {
    case 'accepted': {
      const providerId = text(given['providerId'], 1000);
      return providerId === undefined ? { status: 'accepted' } : { status: 'accepted', providerId };
    }
    case 'rejected': {
      const reason = text(given['reason'], 1000);
      if (code === undefined || reason === undefined) return NONSENSE;
      const pointer = text(given['pointer'], 500);
      const { bounce } = given;
      return {
        status: 'rejected',
        code,
        reason,
        ...(pointer === undefined ? {} : { pointer }),
        ...(bounce === 'hard' || bounce === 'soft' ? { bounce } : {}),
      };
    }
    case 'retry': {
      const after = given['afterSeconds'];
      const afterSeconds = typeof after === 'number' && after >= 0 ? Math.min(after, 86_400) : undefined;
      return {
        status: 'retry',
        code: code ?? 'busy',
        ...(afterSeconds === undefined ? {} : { afterSeconds }),
      };
    }
    case 'unknown':
      return { status: 'unknown', code: code ?? 'unknown' };
    default:
      return NONSENSE;
  }
}

export function checkedLookup(answer: unknown, count: number): LookupResult[] {
  const list = Array.isArray(answer) && answer.length === count ? answer : [];
  return Array.from({ length: count }, (_, index) =>
    list[index] === 'accepted' || list[index] === 'absent' ? list[index] : 'unknown',
  );
}

/** The events that are whole; `dropped` counts the others. */
export function checkedEvents(answer: unknown): { events: MessageEvent[]; dropped: number } {
  const list = Array.isArray(answer) ? answer.slice(0, MAX_EVENTS) : [];
  const events = list.filter(isEvent);
  return { events, dropped: list.length - events.length };
}

function isEvent(given: unknown): given is MessageEvent {
  return (
    isRecord(given) &&
    [given['id'], given['channel'], given['address']].every((value) => text(value, 1000) !== undefined) &&
    EVENT_TYPES.has(String(given['type'])) &&
    !Number.isNaN(Date.parse(String(given['at'])))
  );
}

function text(value: unknown, limit: number): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, limit) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
