import { type FieldError, Problem } from '@percorso/kernel';
import type { WrittenDefinition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { parseText } from '../text/parse-text';

/** A definition as a request gives it. */
export interface RequestedDefinition {
  /** Its JSON, as it is stored. */
  source: object;
  written: WrittenDefinition;
  /** Mistakes found in it later, by their pointers into the JSON, as the request's. */
  refuse: (errors: readonly FieldError[]) => Problem;
}

interface DefinitionBody {
  definition?: object | null;
  text?: string | null;
}

/** @throws Problem 422 with every mistake, its pointer into the request; of a text with line and column. */
export function requireDefinition(body: DefinitionBody): RequestedDefinition {
  if (isDefined(body.text) && !isDefined(body.definition)) return fromText(body.text);
  if (isDefined(body.definition) && !isDefined(body.text)) return fromJson(body.definition);
  const message = 'must be given, or text in its place, and not both';
  const code = isDefined(body.definition) ? 'choice' : 'required';
  throw refusal([{ pointer: '/definition', code, message }]);
}

/** Whether a request gives a definition, in either form. */
export const givesDefinition = (body: DefinitionBody): boolean =>
  isDefined(body.definition) || isDefined(body.text);

// A field that is null counts as left out, as in every request.
const isDefined = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

function fromJson(source: object): RequestedDefinition {
  const refuse = (errors: readonly FieldError[]): Problem =>
    refusal(errors.map((error) => ({ ...error, pointer: `/definition${error.pointer}` })));
  const parsed = parseDefinition(source);
  if (!parsed.ok) throw refuse(parsed.errors);
  return { source, written: parsed.definition, refuse };
}

function fromText(text: string): RequestedDefinition {
  const parsed = parseText(text);
  if (!parsed.ok) throw refusal(parsed.mistakes.map(inText));
  const { source, definition: written, placeOf } = parsed;
  const refuse = (errors: readonly FieldError[]): Problem =>
    refusal(errors.map((error) => inText({ ...error, ...placeOf(error.pointer) })));
  return { source, written, refuse };
}

export const inText = (mistake: {
  line: number;
  column: number;
  code: string;
  message: string;
}): FieldError => ({
  pointer: '/text',
  code: mistake.code,
  message: `line ${mistake.line}, column ${mistake.column}: ${mistake.message}`,
});

const refusal = (errors: FieldError[]): Problem => Problem.invalid(errors, 'The definition has mistakes.');
