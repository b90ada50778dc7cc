import type { Cursor } from '../text/cursor';
import { formatDefinition, formatEvent, formatPath } from '../text/format-definition';
import { mistakesIn, type Place, readDefinition, readText, type TextMistake } from '../text/parse-text';
import { readSelection } from '../text/read-leaves';
import { readPath } from '../text/read-values';
import { parseTrait } from './parse-trait';
import type { TraitDefinition } from './trait-definition';

export type ParsedTraitText =
  | { ok: true; source: object; trait: TraitDefinition; placeOf: (pointer: string) => Place }
  | { ok: false; mistakes: TextMistake[] };

const PLAIN = ['count', 'first', 'last'] as const;
const OF_A_PATH = [
  'sum',
  'min',
  'max',
  'avg',
  'distinct',
  'mostFrequent',
  'firstValue',
  'lastValue',
] as const;

/** Reads `event("Order Completed", last 30 days).sum(revenue)`; else the text form of a condition. */
export function parseTraitText(text: string): ParsedTraitText {
  const measured = readText(text, readMeasured);
  const read = 'mistake' in measured ? readText(text, readDefinition) : measured;
  if ('mistake' in read) {
    // Of both readings the one that came further is what was meant.
    const further = 'mistake' in measured && measured.at >= read.at && measured.at > 0 ? measured : read;
    return { ok: false, mistakes: [further.mistake] };
  }
  const { source, placeOf } = read;
  const parsed = parseTrait(source);
  if (parsed.ok) return { ok: true, source, trait: parsed.trait, placeOf };
  return { ok: false, mistakes: mistakesIn(parsed.errors, placeOf) };
}

/** The text form of a trait's JSON; undefined when this release cannot read it. */
export function formatTrait(json: unknown): string | undefined {
  const parsed = parseTrait(json);
  if (!parsed.ok) return undefined;
  const { trait } = parsed;
  if (trait.kind === 'condition') return formatDefinition(json);
  const { measure } = trait;
  const of = 'path' in measure ? `${measure.of}(${formatPath(measure.path)})` : measure.of;
  return `${formatEvent(trait.events, trait.window)}.${of}`;
}

function readMeasured(cursor: Cursor): Record<string, unknown> {
  cursor.expect('event');
  const event = readSelection(cursor, true);
  cursor.expect('.');
  event.measure = readMeasure(cursor);
  if (cursor.next.kind !== 'end') cursor.fail('expected the end');
  return { version: 1, event };
}

function readMeasure(cursor: Cursor): unknown {
  const place = cursor.next.at;
  const of = cursor.expectOne([...PLAIN, ...OF_A_PATH], [...PLAIN, ...OF_A_PATH].join(', '));
  if (PLAIN.some((plain) => plain === of)) return of;
  cursor.expect('(');
  const measure = cursor.placed(() => ({ [of]: readPath(cursor) }), place);
  cursor.expect(')');
  return measure;
}
