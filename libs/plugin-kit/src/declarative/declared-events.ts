import { MESSAGE_EVENTS, type MessageEvent } from '../message-event';
import type { PluginLog } from '../plugin';

const TEXTS = ['providerId', 'link', 'reason', 'effectKey'] as const;
/** Seconds are below it until the year 5138, milliseconds above it since 1973. */
const MILLISECONDS = 100_000_000_000;

/** What an expression gave, as events; those that are not whole are left out, and the log says how many. */
export function eventsOf(found: unknown, log: PluginLog): MessageEvent[] {
  const list: unknown[] = found === undefined || found === null ? [] : [found].flat();
  const events = list.flatMap(eventOf);
  if (events.length < list.length)
    log.warn('Some of what the provider told makes no event', { dropped: list.length - events.length });
  return events;
}

function eventOf(given: unknown): MessageEvent[] {
  const fields = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>;
  const text = (name: string): string | undefined => {
    const value = fields[name];
    return (typeof value === 'string' && value !== '') || typeof value === 'number'
      ? String(value)
      : undefined;
  };
  const [id, channel, address] = [text('id'), text('channel'), text('address')];
  const type = MESSAGE_EVENTS.find((one) => one === fields['type']);
  const at = timeOf(fields['at']);
  if (id === undefined || channel === undefined || address === undefined || !type || !at) return [];
  const rest = TEXTS.flatMap((name) => (text(name) === undefined ? [] : [[name, text(name)]]));
  const bounce = type === 'bounced' ? { bounce: fields['bounce'] === 'hard' ? 'hard' : 'soft' } : {};
  return [{ id, type, channel, address, at: at.toISOString(), ...bounce, ...Object.fromEntries(rest) }];
}

/** Unix seconds or milliseconds, or a text that `Date` reads; undefined when it is no time. */
export function timeOf(value: unknown): Date | undefined {
  const number = typeof value === 'number' || /^\d+(\.\d+)?$/.test(String(value)) ? Number(value) : undefined;
  const time =
    number === undefined
      ? Date.parse(String(value))
      : Math.round(number < MILLISECONDS ? number * 1000 : number);
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
