import { type ComputedValue, type FlatValues, setFlat } from '@percorso/profile';
import { dueOf, holdsOf, type Answer } from '../stream/answer';
import type { PersonFacts } from '../stream/leaf-answer';
import type { Plan, PlannedTrait } from '../stream/plan';
import { storedOf, type TimedValue, valueOf } from './trait-value';

/** One person of a turn, as far as computed traits look. */
export interface TraitSubject extends PersonFacts {
  /** Names of the events that came. */
  names: ReadonlySet<string>;
  /** Whether the profile is another one than when it was last looked at. */
  changed: boolean;
  /** Whether every trait is asked. */
  all: boolean;
}

export interface TraitAnswers {
  /** Values that are others than the profile has. */
  changes: ReadonlyMap<string, ComputedValue | undefined>;
  /** The profile's traits with these. */
  traits: FlatValues;
  /** The earliest moment at which time alone may change a value that was asked for. */
  due: number;
}

/** What a person's computed traits are now: those whose answer may be another one are asked, each after those it looks at. */
export function answerTraits(plan: Plan, subject: TraitSubject, now: number): TraitAnswers {
  const changes = new Map<string, ComputedValue | undefined>();
  let { traits } = subject.profile;
  let due = Infinity;
  for (const trait of plan.traits) {
    if (!isAsked(trait, subject, changes.size > 0)) continue;
    const person = { ...subject, profile: { ...subject.profile, traits } };
    const answer = answerTrait(plan, trait, person, now);
    due = Math.min(due, answer.due);
    const value = storedOf(answer.value);
    if (isAt(traits, trait.key, value)) continue;
    // What others hold of it stays as it was.
    if (changes.size === 0) traits = copyOf(traits);
    setFlat(traits, trait.key, value);
    changes.set(trait.key, value);
  }
  return { changes, traits, due };
}

/** `moved`: a trait that may be looked at has another value already. */
function isAsked(trait: PlannedTrait, { names, changed, all }: TraitSubject, moved: boolean): boolean {
  if (all || !trait.settled || trait.looksAtIdentities) return true;
  if (trait.looksAtProfile && (changed || moved)) return true;
  for (const name of names) if (trait.names.has(name)) return true;
  return false;
}

function answerTrait(plan: Plan, trait: PlannedTrait, person: PersonFacts, now: number): TimedValue {
  const { definition, leaves, ask } = trait;
  const slotOf = (leaf: number): number | undefined => plan.leaves[leaf]!.slots[0]?.index;
  if (definition.kind === 'measure') return valueOf(definition, person.matches(slotOf(leaves[0]!)!), now);
  const answers: Answer[] = [];
  for (const leaf of leaves) {
    const slot = slotOf(leaf);
    const own = slot === undefined ? undefined : person.matches(slot);
    answers[leaf] = plan.leaves[leaf]!.ask(person, now, own);
  }
  const answer = ask(answers);
  return { value: holdsOf(answer), due: dueOf(answer) };
}

/** Whether the traits have just this value at a key. */
function isAt(
  { numbers, strings, booleans }: FlatValues,
  key: string,
  value: ComputedValue | undefined,
): boolean {
  const at = <T>(values: Record<string, T>): T | undefined =>
    Object.hasOwn(values, key) ? values[key] : undefined;
  const [number, text, boolean] = [at(numbers), at(strings), at(booleans)];
  if (!value) return number === undefined && text === undefined && boolean === undefined;
  if ('number' in value) return number === value.number;
  return 'text' in value ? text === value.text : boolean === value.boolean;
}

export const copyOf = ({ numbers, strings, booleans, lists }: FlatValues): FlatValues => ({
  numbers: { ...numbers },
  strings: { ...strings },
  booleans: { ...booleans },
  lists: { ...lists },
});
