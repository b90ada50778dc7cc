import { pointerStep } from '@percorso/access';
import { canonicalJson, type FieldError } from '@percorso/kernel';
import type { MappingResult, RowBinding } from '@percorso/mapping';
import type { MappingExample } from './mapping.dto';
import { type Connector, planRow } from './plan-row';

/** Said of one example at most: the rest follows from it. */
const MOST_DIFFERENCES = 20;
const LONGEST_QUOTE = 200;
const EXAMPLE_AT = new Date('2026-01-01T00:00:00Z');
/** Examples say what a mapping gives, wherever that goes. */
const ANYWHERE: Connector = { kind: 'campaign', capabilities: {}, required: [] };

/** Time and chance of an example: the same at every save. */
export function exampleBinding({ name, input }: MappingExample): RowBinding {
  const at = new Date(typeof input.now === 'string' ? input.now : NaN);
  return { seed: name, at: Number.isNaN(at.getTime()) ? EXAMPLE_AT : at };
}

/** What is wrong with examples themselves. */
export function exampleMistakes(examples: readonly MappingExample[]): FieldError[] {
  return examples.flatMap(({ name, output, dropped }, index) => {
    const pointer = `/examples/${index}`;
    if ((output === undefined) === (dropped === undefined)) {
      return [{ pointer, code: 'one-of', message: 'Give either output or dropped.' }];
    }
    return examples.findIndex((one) => one.name === name) < index
      ? [{ pointer: `${pointer}/name`, code: 'taken', message: 'Another example has this name.' }]
      : [];
  });
}

/** Every place where an example comes out otherwise than it says. */
export function exampleDifferences(
  examples: readonly MappingExample[],
  results: readonly MappingResult[],
  required: readonly string[],
): FieldError[] {
  return examples.flatMap((example, index) => {
    const plan = planRow(SOMEBODY, results[index], required, ANYWHERE, undefined);
    const pointer = `/examples/${index}`;
    if (example.dropped !== undefined || plan.dropped) {
      if (plan.dropped?.code === example.dropped) return [];
      const came = plan.dropped
        ? `it is dropped: ${plan.dropped.code} ${plan.dropped.pointer ?? ''} (${plan.dropped.reason})`
        : `it gives ${quote(plan.payload)}`;
      const meant = example.dropped === undefined ? 'an output' : `to be dropped as ${example.dropped}`;
      return [differs(pointer, example.name, `meant was ${meant}, ${came}`)];
    }
    return differences(example.output, plan.payload)
      .slice(0, MOST_DIFFERENCES)
      .map((one) =>
        differs(
          `${pointer}/output${one.pointer}`,
          example.name,
          `expected ${quote(one.expected)}, got ${quote(one.actual)}`,
        ),
      );
  });
}

interface Difference {
  pointer: string;
  expected: unknown;
  actual: unknown;
}

/** Where two JSON values are not the same. */
export function differences(expected: unknown, actual: unknown, pointer = ''): Difference[] {
  if (!isNested(expected) || !isNested(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    const same = canonicalJson(expected ?? null) === canonicalJson(actual ?? null);
    return same && (expected === undefined) === (actual === undefined) ? [] : [{ pointer, expected, actual }];
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...names].flatMap((name) => differences(expected[name], actual[name], pointer + pointerStep(name)));
}

const differs = (pointer: string, name: string, what: string): FieldError => ({
  pointer,
  code: 'example-differs',
  message: `${JSON.stringify(name)}: ${what}.`,
});

function quote(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}

const isNested = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const SOMEBODY = {
  person: 0,
  profileId: '',
  op: 'enter',
  version: 1,
  since: EXAMPLE_AT,
} as const;
