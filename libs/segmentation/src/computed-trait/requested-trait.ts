import { type FieldError, Problem } from '@percorso/kernel';
import { inText } from '../audience/requested-definition';
import { parseTrait } from './parse-trait';
import type { TraitDefinition } from './trait-definition';
import { parseTraitText } from './trait-text';

/** A trait's definition as a request gives it. */
export interface RequestedTrait {
  /** Its JSON, as it is stored. */
  source: object;
  definition: TraitDefinition;
}

interface TraitBody {
  definition?: object | null;
  text?: string | null;
}

/** @throws Problem 422 with every mistake, its pointer into the request; of a text with line and column. */
export function requireTrait({ definition, text }: TraitBody): RequestedTrait {
  // A field that is null counts as left out, as in every request.
  const given = definition ?? undefined;
  if (text !== undefined && text !== null && !given) {
    const parsed = parseTraitText(text);
    if (!parsed.ok) throw refusal(parsed.mistakes.map(inText));
    return { source: parsed.source, definition: parsed.trait };
  }
  if (given && (text === undefined || text === null)) {
    const parsed = parseTrait(given);
    if (parsed.ok) return { source: given, definition: parsed.trait };
    throw refusal(parsed.errors.map((error) => ({ ...error, pointer: `/definition${error.pointer}` })));
  }
  const message = 'must be given, or text in its place, and not both';
  throw refusal([{ pointer: '/definition', code: given ? 'choice' : 'required', message }]);
}

export const refusal = (errors: FieldError[]): Problem =>
  Problem.invalid(errors, 'The definition has mistakes.');
