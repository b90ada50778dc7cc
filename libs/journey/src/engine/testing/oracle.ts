import { createHash } from 'node:crypto';
import type { JourneyDefinition } from '../../definition/definition';
import type { Answer, Question } from '../protocol';
import type { Oracle } from './player';

/** What is so, for whoever asks: by the seed, the visit and what is asked, and nothing else. */
export class Facts {
  constructor(private readonly seed: number) {}

  condition(visit: number, condition: unknown): boolean {
    return this.draw(visit, condition) % 2 === 0;
  }

  /** What an expression gives; `error`: it fails. */
  expression(visit: number, text: string, response?: unknown): { value: unknown } | { error: string } {
    const drawn = this.draw(visit, [text, response ?? null]);
    if (text === 'fails' && drawn % 2 === 0) return { error: 'T2001' };
    if (text === 'date') return { value: DATES[drawn % DATES.length] };
    return { value: VALUES[drawn % VALUES.length] };
  }

  zone(visit: number, trait: string | undefined): string | undefined {
    return ZONES[this.draw(visit, trait ?? 'workspace') % ZONES.length];
  }

  private draw(visit: number, asked: unknown): number {
    const text = JSON.stringify([this.seed, visit, asked]);
    return createHash('sha256').update(text).digest().readUInt32BE(0);
  }
}

const VALUES = [true, true, true, false, false, null, undefined, 1, 'text', { deep: [1] }];

/** Before, in and after the days that stories play in; and what is no date. */
const DATES = [
  '2026-11-25T12:30:00Z',
  '2026-11-26',
  Date.UTC(2026, 10, 25, 13),
  '2026-11-25T00:00:00+01:00',
  '2020-01-01',
  'tomorrow',
  undefined,
  1e300,
  false,
];

/** Without changes of clocks: those have a spec of their own. */
const ZONES = ['Asia/Kathmandu', 'Asia/Tokyo', 'UTC', undefined, 'Nowhere/Land'];

/** The same facts as answers to the engine's questions about a journey. */
export function answerer(facts: Facts, journey: JourneyDefinition): Oracle {
  return ({ visit, ask }: Question): Answer => {
    if (ask.kind === 'condition') {
      return { visit, pointer: ask.pointer, holds: facts.condition(visit, valueAt(journey, ask.pointer)) };
    }
    if (ask.kind === 'zone') return { visit, zone: facts.zone(visit, ask.trait) };
    const values: Record<string, unknown> = {};
    const errors: Record<string, string> = {};
    for (const [name, text] of Object.entries(ask.expressions)) {
      const given = facts.expression(visit, text, ask.response);
      if ('error' in given) errors[name] = given.error;
      else if (given.value !== undefined) values[name] = given.value;
    }
    return { visit, values, ...(Object.keys(errors).length > 0 && { errors }) };
  };
}

/** What is at an RFC 6901 pointer. */
export function valueAt(document: unknown, pointer: string): unknown {
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document);
}
