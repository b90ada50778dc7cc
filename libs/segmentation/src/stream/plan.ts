import { canonicalJson } from '@percorso/kernel';
import { type Condition, type Leaf, leavesOf } from '../definition/definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { type Answer, type AskCondition, askCondition } from './answer';
import { type PersonFacts, type Question, questionOf } from './leaf-answer';
import type { LookupItems } from './lookup-items';
import { Matches } from './matches';
import type { PropertyReader } from './property-reader';
import type { Slot } from './slot';
import { Slots } from './slots';

/** An audience as the incremental evaluator takes it up. */
export interface StreamedAudience {
  id: string;
  definitionVersion: number;
  /** The definition version whose members were computed as a set; until it is this one, entries are a backfill. */
  backfilledVersion: number | null;
  where: Condition;
}

export interface PlannedLeaf {
  leaf: Leaf;
  /** Its slots: one for conditions on events, one per step for sequences, none for conditions on the profile. */
  slots: Slot[];
  ask: Question;
  /** Programs that have it. */
  programs: Program[];
}

export interface Program {
  index: number;
  audience: StreamedAudience;
  /** Its answer, from those of all leaves of the plan. */
  ask: AskCondition;
}

/** All audiences of a workspace, taken apart so that what they share is kept and answered once. */
export interface Plan {
  /** Whose today it is where a calendar condition names no zone. */
  zone: string;
  programs: Program[];
  leaves: PlannedLeaf[];
  slots: Slot[];
  /** Slots by the name of their events. */
  slotsOf: ReadonlyMap<string, Slot[]>;
  /** What reads the properties those look at, by the same. */
  readers: ReadonlyMap<string, PropertyReader>;
  /** Programs that look at events of a name. */
  programsOf: ReadonlyMap<string, Program[]>;
  /** Programs that look at the profile itself. */
  profilePrograms: Program[];
  /** Programs that look at the profile's identities, which come without a new version of it. */
  identityPrograms: Program[];
  /** Whether some program looks at the accounts of a profile. */
  looksAtAccounts: boolean;
  /** Whether some program looks at uploaded lists. */
  looksAtLists: boolean;
  /** Items its lookups name; as of the last turn. */
  items: LookupItems;
  /** Programs whose members are being computed as a set: whoever is looked at meanwhile is asked about these too. */
  unsettled: Program[];
  /** Answers of all leaves while a person has no events; those of leaves on the profile are yet to be found. */
  blank: readonly Answer[];
  /** Leaves on the profile, by their numbers. */
  profileLeaves: readonly number[];
  /** Whether one of these looks items up. */
  profileLooksUp: boolean;
  /** Which of these may be answered otherwise without a new version of the profile: always, and when a person is woken. */
  identityPlaces: readonly number[];
  wokenPlaces: readonly number[];
}

export function planOf(audiences: readonly StreamedAudience[], zone = DEFAULT_ZONE): Plan {
  const slots = new Slots();
  const byKey = new Map<string, number>();
  const leaves: PlannedLeaf[] = [];
  const leafIndex = (leaf: Leaf): number => {
    const key = canonicalJson(leaf);
    let index = byKey.get(key);
    if (index === undefined) {
      index = leaves.length;
      byKey.set(key, index);
      const own = slots.ofLeaf(leaf);
      leaves.push({ leaf, slots: own, ask: questionOf(leaf, own, zone, slots.items), programs: [] });
    }
    return index;
  };
  const programs = audiences.map((audience, index): Program => {
    return { index, audience, ask: askCondition(audience.where, leafIndex) };
  });
  const programsOf = new Map<string, Program[]>();
  const profilePrograms: Program[] = [];
  const identityPrograms: Program[] = [];
  for (const program of programs) {
    const own = new Set([...leavesOf(program.audience.where)].map((leaf) => leaves[leafIndex(leaf)]!));
    for (const leaf of own) leaf.programs.push(program);
    const names = new Set([...own].flatMap((leaf) => leaf.slots.map((slot) => slot.name)));
    for (const name of names) add(programsOf, name, program);
    if ([...own].some((leaf) => leaf.slots.length === 0)) profilePrograms.push(program);
    if ([...own].some(({ leaf }) => leaf.kind === 'identity')) identityPrograms.push(program);
  }
  const slotsOf = new Map<string, Slot[]>();
  for (const slot of slots.all) add(slotsOf, slot.name, slot);
  const unsettled = programs.filter(
    ({ audience }) => audience.backfilledVersion !== audience.definitionVersion,
  );
  const profileLeaves = leaves.flatMap((leaf, index) => (leaf.slots.length === 0 ? [index] : []));
  const placesOf = (...kinds: Leaf['kind'][]): number[] =>
    profileLeaves.flatMap((leaf, place) => (kinds.includes(leaves[leaf]!.leaf.kind) ? [place] : []));
  return {
    zone,
    programs,
    leaves,
    slots: slots.all,
    slotsOf,
    readers: slots.readers,
    programsOf,
    profilePrograms,
    identityPrograms,
    looksAtAccounts: leaves.some(({ leaf }) => leaf.kind === 'account'),
    looksAtLists: leaves.some(({ leaf }) => leaf.kind === 'list'),
    items: slots.items,
    unsettled,
    blank: placed(leaves, slots.all),
    profileLeaves,
    profileLooksUp: leaves.some(({ leaf }) => leaf.kind === 'trait' && leaf.test.lookup !== undefined),
    identityPlaces: placesOf('identity'),
    wokenPlaces: placesOf('identity', 'account', 'list'),
  };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Give each leaf on events its place with its first slot; the answers of all when nothing happened. */
function placed(leaves: readonly PlannedLeaf[], slots: readonly Slot[]): Answer[] {
  const empty = slots.map((slot) => new Matches(slot));
  const nobody = { matches: (slot: number) => empty[slot]! } as PersonFacts;
  return leaves.map(({ slots: [first, ...steps], ask }, index) => {
    // Zero: nobody knows yet.
    if (!first) return 0;
    const answer = ask(nobody, 0, empty[first.index]!);
    first.leaves.push(index);
    first.blank.push(answer);
    for (const slot of [first, ...steps]) {
      if (!slot.seenFrom.includes(first)) slot.seenFrom.push(first);
      first.looksUp ||= slot.moving.some((test) => test.lookup !== undefined);
    }
    return answer;
  });
}
