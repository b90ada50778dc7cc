import { canonicalJson } from '@percorso/kernel';
import { conditionOf, type TraitDefinition } from '../computed-trait/trait-definition';
import { type AccountMemberLeaf, type Condition, type Leaf, leavesOf } from '../definition/definition';
import { DEFAULT_ZONE } from '../definition/zones';
import { type KeptConditions, memberKeyOf } from '../member/member-conditions';
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
  /** Programs that have it, and conditions on members. */
  programs: Asked[];
}

/** What is asked of a person. */
export type Asked = Program | MemberProgram;

interface Askable {
  index: number;
  /** Its answer, from those of all leaves of the plan. */
  ask: AskCondition;
}

export interface Program extends Askable {
  audience: StreamedAudience;
  /** What it asks of members of accounts. */
  members: readonly MemberProgram[];
}

/** What audiences ask of the members of accounts. */
export interface MemberProgram extends Askable {
  /** Of its rows; undefined while nobody has begun to keep them. */
  id: number | undefined;
  /** Every row is there. */
  settled: boolean;
  /** Some audience leaves the profile itself out, so a second member counts as much as the first. */
  others: boolean;
}

/** A computed trait as the incremental evaluator takes it up. */
export interface StreamedTrait {
  key: string;
  definition: TraitDefinition;
  /** Whether everybody's value was computed as a set; until then whoever is looked at is asked about it. */
  settled: boolean;
}

export interface PlannedTrait extends StreamedTrait {
  /** The numbers of its leaves, and its answer from those of all leaves. */
  leaves: number[];
  ask: AskCondition;
  /** Events it looks at. */
  names: ReadonlySet<string>;
  /** Whether it looks at the profile itself. */
  looksAtProfile: boolean;
  /** Whether it looks at identities, which come without a new version of the profile. */
  looksAtIdentities: boolean;
}

/** All audiences and computed traits of a workspace, taken apart so that what they share is kept and answered once. */
export interface Plan {
  /** Whose today it is where a calendar condition names no zone. */
  zone: string;
  /** Those that can be answered: what they ask of members of accounts is known. */
  programs: Program[];
  /** What audiences ask of members of accounts, as far as rows of it are kept. */
  members: readonly MemberProgram[];
  /** These and those, in the order of their numbers. */
  asked: readonly Asked[];
  /** Conditions on members that have rows and nobody asks for. */
  unasked: readonly number[];
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
  /** Computed traits, each after those it looks at. */
  traits: PlannedTrait[];
  /** Whether some program looks at identities, of the profile or of others. */
  looksAtIdentities: boolean;
  /** Whether some program looks at the accounts of a profile. */
  looksAtAccounts: boolean;
  /** Whether some program looks at uploaded lists. */
  looksAtLists: boolean;
  /** Items its lookups name; as of the last turn. */
  items: LookupItems;
  /** Programs whose members are being computed as a set: whoever is looked at meanwhile is asked about these too. */
  unsettled: Asked[];
  /** Answers of all leaves while a person has no events; those of leaves on the profile are yet to be found. */
  blank: readonly Answer[];
  /** Leaves of programs on the profile, by their numbers. */
  profileLeaves: readonly number[];
  /** Whether one of these looks items up. */
  profileLooksUp: boolean;
  /** Which of these may be answered otherwise without a new version of the profile: always, and when a person is woken. */
  identityPlaces: readonly number[];
  wokenPlaces: readonly number[];
  /** Those on members of accounts. */
  memberPlaces: readonly number[];
}

/**
 * @param kept which conditions on members of accounts have rows; when left out, all of them, complete
 * @param traits each after those it looks at
 */
export function planOf(
  audiences: readonly StreamedAudience[],
  zone = DEFAULT_ZONE,
  kept?: KeptConditions,
  traits: readonly StreamedTrait[] = [],
): Plan {
  const slots = new Slots();
  const byKey = new Map<string, number>();
  const leaves: PlannedLeaf[] = [];
  const byCondition = new Map<string, MemberProgram>();
  const asked: Asked[] = [];
  const leafIndex = (leaf: Leaf): number => {
    const key = canonicalJson(leaf);
    let index = byKey.get(key);
    if (index === undefined) {
      index = leaves.length;
      byKey.set(key, index);
      const own = slots.ofLeaf(leaf);
      const member = leaf.kind === 'accountMember' ? memberOf(leaf)?.id : undefined;
      leaves.push({
        leaf,
        slots: own,
        ask: questionOf(leaf, own, { zone, items: slots.items, member }),
        programs: [],
      });
    }
    return index;
  };
  /** Takes the next number, and its place with the leaves it looks at. */
  function taken<T extends object>(where: Condition, rest: T): T & Askable & { leaves: Set<PlannedLeaf> } {
    const own = new Set<PlannedLeaf>();
    const ask = askCondition(where, (leaf) => {
      const index = leafIndex(leaf);
      own.add(leaves[index]!);
      return index;
    });
    return { ...rest, index: asked.length, ask, leaves: own };
  }
  function memberOf({ where, others }: AccountMemberLeaf): MemberProgram | undefined {
    const key = memberKeyOf(where, zone);
    let member = byCondition.get(key);
    if (!member) {
      const known = kept ? kept.get(key) : { id: byCondition.size, settled: true };
      const { leaves: own, ...rest } = taken(where, {
        id: known?.id,
        settled: known?.settled ?? false,
        others,
      });
      member = rest;
      byCondition.set(key, member);
      if (known) {
        asked.push(member);
        for (const leaf of own) leaf.programs.push(member);
      }
    }
    member.others ||= others;
    return member;
  }
  const programs: Program[] = [];
  const programsOf = new Map<string, Program[]>();
  const profilePrograms: Program[] = [];
  const identityPrograms: Program[] = [];
  for (const audience of audiences) {
    const members = [...leavesOf(audience.where)].flatMap((leaf) =>
      leaf.kind === 'accountMember' ? [memberOf(leaf)!] : [],
    );
    if (!members.every(({ settled }) => settled)) continue;
    const { leaves: own, ...program } = taken(audience.where, { audience, members });
    asked.push(program);
    programs.push(program);
    for (const leaf of own) leaf.programs.push(program);
    const names = new Set([...own].flatMap((leaf) => leaf.slots.map((slot) => slot.name)));
    for (const name of names) add(programsOf, name, program);
    if ([...own].some((leaf) => leaf.slots.length === 0)) profilePrograms.push(program);
    if ([...own].some(({ leaf }) => leaf.kind === 'identity')) identityPrograms.push(program);
  }
  const plannedTraits = traits.map((trait): PlannedTrait => {
    const where = conditionOf(trait.definition);
    const own = [...new Set([...leavesOf(where)].map(leafIndex))];
    return {
      ...trait,
      leaves: own,
      ask: askCondition(where, leafIndex),
      names: new Set(own.flatMap((leaf) => leaves[leaf]!.slots.map((slot) => slot.name))),
      looksAtProfile: own.some((leaf) => leaves[leaf]!.slots.length === 0),
      looksAtIdentities: own.some((leaf) => leaves[leaf]!.leaf.kind === 'identity'),
    };
  });
  const slotsOf = new Map<string, Slot[]>();
  for (const slot of slots.all) add(slotsOf, slot.name, slot);
  const members = [...byCondition.values()].filter(({ id }) => id !== undefined);
  const unsettled = [
    ...programs.filter(({ audience }) => audience.backfilledVersion !== audience.definitionVersion),
    // While rows are being filled whoever is looked at is asked, so that nobody falls between.
    ...members.filter(({ settled }) => !settled),
  ];
  const profileLeaves = leaves.flatMap(({ slots: own, programs: askers }, index) =>
    own.length === 0 && askers.length > 0 ? [index] : [],
  );
  const placesOf = (...kinds: Leaf['kind'][]): number[] =>
    profileLeaves.flatMap((leaf, place) => (kinds.includes(leaves[leaf]!.leaf.kind) ? [place] : []));
  return {
    zone,
    programs,
    members,
    asked,
    unasked: [...(kept ?? [])].flatMap(([key, { id }]) => (byCondition.has(key) ? [] : [id])),
    leaves,
    slots: slots.all,
    slotsOf,
    readers: slots.readers,
    programsOf,
    profilePrograms,
    identityPrograms,
    traits: plannedTraits,
    looksAtIdentities: leaves.some(({ leaf }) => leaf.kind === 'identity'),
    looksAtAccounts: byCondition.size > 0 || leaves.some(({ leaf }) => leaf.kind === 'account'),
    looksAtLists: leaves.some(({ leaf }) => leaf.kind === 'list'),
    items: slots.items,
    unsettled,
    blank: placed(leaves, slots.all),
    profileLeaves,
    profileLooksUp: leaves.some(({ leaf }) => leaf.kind === 'trait' && leaf.test.lookup !== undefined),
    identityPlaces: placesOf('identity'),
    memberPlaces: placesOf('accountMember'),
    wokenPlaces: placesOf('identity', 'account', 'accountMember', 'list'),
  };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Give each leaf on events its place with its first slot; the answers of all when nothing happened. */
function placed(leaves: readonly PlannedLeaf[], slots: readonly Slot[]): Answer[] {
  const empty = slots.map((slot) => Matches.empty(slot));
  const nobody = { matches: (slot: number) => empty[slot]! } as PersonFacts;
  return leaves.map(({ slots: [first, ...steps], ask, programs }, index) => {
    // Zero: nobody knows yet, or nobody but a computed trait asks.
    if (!first || programs.length === 0) return 0;
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
