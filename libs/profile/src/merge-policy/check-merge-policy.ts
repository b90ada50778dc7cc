import { pointerStep } from '@percorso/access';
import type { FieldError } from '@percorso/kernel';
import { COMPUTED_SOURCE } from '../computed-values';
import type { MergePolicy, SourceNames, TraitRule } from './trait-ranks';

const MOST_SOURCES = 100;
const MOST_TRAITS = 1000;
const MOST_TEXT = 512;

/** What keeps a value from being a policy, each with its pointer. */
export function checkPolicy(value: { default: unknown; traits?: unknown }): FieldError[] {
  const errors: FieldError[] = [];
  checkRule(value.default, '/default', errors);
  const traits = Object.entries(value.traits ?? {});
  if (traits.length > MOST_TRAITS) {
    errors.push({
      pointer: '/traits',
      code: 'too-many',
      message: `At most ${MOST_TRAITS} traits have rules.`,
    });
    return errors;
  }
  for (const [trait, rule] of traits) {
    const pointer = `/traits${pointerStep(trait)}`;
    if (trait === '' || trait.length > MOST_TEXT || trait === '__proto__' || trait === 'consent') {
      errors.push({ pointer, code: 'trait-unknown', message: 'There is no such trait; consent is none.' });
    } else checkRule(rule, pointer, errors);
  }
  return errors;
}

function checkRule(value: unknown, pointer: string, errors: FieldError[]): void {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    errors.push({ pointer, code: 'object-required', message: 'A rule is an object.' });
    return;
  }
  const { rule, sources, ...more } = value as Record<string, unknown>;
  const unknown = [...Object.keys(more), ...(rule === 'latest' && sources !== undefined ? ['sources'] : [])];
  for (const name of unknown) {
    errors.push({
      pointer: pointer + pointerStep(name),
      code: 'unknown-field',
      message: 'This field is not known here.',
    });
  }
  if (rule !== 'latest' && rule !== 'source-precedence') {
    errors.push({
      pointer: `${pointer}/rule`,
      code: 'rule-unknown',
      message: 'Rules are latest and source-precedence.',
    });
  }
  if (rule === 'source-precedence') checkSources(sources, `${pointer}/sources`, errors);
}

function checkSources(sources: unknown, pointer: string, errors: FieldError[]): void {
  if (!Array.isArray(sources) || sources.length === 0 || sources.length > MOST_SOURCES) {
    errors.push({
      pointer,
      code: 'sources-required',
      message: `Name 1 to ${MOST_SOURCES} sources, the one that counts most first.`,
    });
    return;
  }
  sources.forEach((source: unknown, index) => {
    const at = `${pointer}/${index}`;
    if (typeof source !== 'string' || source === '' || source.length > MOST_TEXT) {
      errors.push({ pointer: at, code: 'text-required', message: 'A source is the id or name of a key.' });
    } else if (sources.indexOf(source) !== index) {
      errors.push({ pointer: at, code: 'source-twice', message: 'It has a rank already.' });
    }
  });
}

/** Names in a policy that no source has, and keys that have two ranks in one rule, by `names` of the workspace's keys. */
export function checkSourcesExist(policy: MergePolicy, names: SourceNames): FieldError[] {
  const known = new Set([...names.keys(), ...names.values()]);
  const check = (rule: TraitRule, pointer: string): FieldError[] =>
    rule.rule === 'latest'
      ? []
      : rule.sources.flatMap((source, index) => {
          const at = `${pointer}/sources/${index}`;
          if (!known.has(source)) return [{ pointer: at, ...unknown(source) }];
          const name = names.get(source);
          if (name === undefined || !rule.sources.includes(name)) return [];
          return [{ pointer: at, code: 'source-twice', message: 'The rule ranks it by its name as well.' }];
        });
  return [
    ...check(policy.default, '/default'),
    ...Object.entries(policy.traits).flatMap(([trait, rule]) => check(rule, `/traits${pointerStep(trait)}`)),
  ];
}

/** Unless a key is called so: what profiles name the source of computed traits is none that could be ranked. */
function unknown(source: string): Omit<FieldError, 'pointer'> {
  if (source !== COMPUTED_SOURCE) return { code: 'source-unknown', message: 'No key has this id or name.' };
  const message = 'A computed trait always counts; ranked is only what sources say.';
  return { code: 'source-computed', message };
}
