import { canonicalJson } from '@percorso/kernel';
import { LookupItems } from './lookup-items';
import { DEFAULT_ZONE } from '../definition/zones';
import type {
  Condition,
  EventLeaf,
  EventSelector,
  EveryLeaf,
  Leaf,
  Test,
  TimePoint,
  Window,
} from '../definition/definition';
import { leavesOf, movesWithTime } from '../definition/definition';

/** An audience as the incremental evaluator takes it up. */
export interface StreamedAudience {
  id: string;
  definitionVersion: number;
  /** The definition version whose members were computed as a set; until it is this one, entries are a backfill. */
  backfilledVersion: number | null;
  where: Condition;
}

/** Which of a person's events some leaves look at: state is kept once for all of them. */
export interface Slot {
  index: number;
  name: string;
  /** Tests whose answer never changes; checked once, when the event comes. */
  where: Test[];
  /** Tests against dates that move with now, and of lookups; checked whenever the leaf is asked. */
  moving: Test[];
  /** What tests of lookups look at. */
  items: LookupItems;
  /** Fixed bounds on the time an event occurred, Unix milliseconds, [from, to). */
  from: number;
  to: number;
  /** Paths of properties whose values are kept with each match. */
  paths: string[];
  /** Leaves look at single events from now + this on; older ones may be folded into totals. */
  keep: number;
}

export interface PlannedLeaf {
  leaf: Leaf;
  /** Its slots: one for conditions on events, one per step for sequences, none for conditions on the profile. */
  slots: Slot[];
  /** What tests of lookups look at. */
  items: LookupItems;
}

export interface Program {
  audience: StreamedAudience;
  root: PlannedCondition;
}

export type PlannedCondition =
  | { kind: 'all' | 'any'; conditions: PlannedCondition[] }
  | { kind: 'not'; condition: PlannedCondition }
  | { kind: 'leaf'; leaf: number };

/** All audiences of a workspace, taken apart so that what they share is kept and answered once. */
export interface Plan {
  /** Whose today it is where a calendar condition names no zone. */
  zone: string;
  programs: Program[];
  leaves: PlannedLeaf[];
  slots: Slot[];
  /** Slots by the name of their events. */
  slotsOf: ReadonlyMap<string, Slot[]>;
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
}

/** Slots by what they select, and the items they look up, while a plan is made. */
interface Slots {
  slots: Map<string, Slot>;
  items: LookupItems;
}

export function planOf(audiences: readonly StreamedAudience[], zone = DEFAULT_ZONE): Plan {
  const slots = new Map<string, Slot>();
  const items = new LookupItems();
  const leaves = new Map<string, number>();
  const planned: PlannedLeaf[] = [];
  const leafIndex = (leaf: Leaf): number => {
    const key = canonicalJson(leaf);
    let index = leaves.get(key);
    if (index === undefined) {
      index = planned.length;
      leaves.set(key, index);
      planned.push({ leaf, slots: slotsOfLeaf(leaf, { slots, items }), items });
    }
    return index;
  };
  const programs = audiences.map((audience) => ({
    audience,
    root: plannedCondition(audience.where, leafIndex),
  }));
  const programsOf = new Map<string, Program[]>();
  const profilePrograms: Program[] = [];
  const identityPrograms: Program[] = [];
  for (const program of programs) {
    const own = [...leavesOf(program.audience.where)].map((leaf) => planned[leafIndex(leaf)]!);
    const names = new Set(own.flatMap((leaf) => leaf.slots.map((slot) => slot.name)));
    for (const name of names) add(programsOf, name, program);
    if (own.some((leaf) => leaf.slots.length === 0)) profilePrograms.push(program);
    if (own.some(({ leaf }) => leaf.kind === 'identity')) identityPrograms.push(program);
  }
  const slotsOf = new Map<string, Slot[]>();
  for (const slot of slots.values()) add(slotsOf, slot.name, slot);
  const unsettled = programs.filter(
    ({ audience }) => audience.backfilledVersion !== audience.definitionVersion,
  );
  return {
    zone,
    programs,
    leaves: planned,
    slots: [...slots.values()],
    slotsOf,
    programsOf,
    profilePrograms,
    identityPrograms,
    looksAtAccounts: planned.some(({ leaf }) => leaf.kind === 'account'),
    looksAtLists: planned.some(({ leaf }) => leaf.kind === 'list'),
    items,
    unsettled,
  };
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function plannedCondition(condition: Condition, leafIndex: (leaf: Leaf) => number): PlannedCondition {
  if (condition.kind === 'not') {
    return { kind: 'not', condition: plannedCondition(condition.condition, leafIndex) };
  }
  if (condition.kind === 'all' || condition.kind === 'any') {
    const conditions = condition.conditions.map((inner) => plannedCondition(inner, leafIndex));
    return { kind: condition.kind, conditions };
  }
  return { kind: 'leaf', leaf: leafIndex(condition) };
}

function slotsOfLeaf(leaf: Leaf, slots: Slots): Slot[] {
  switch (leaf.kind) {
    case 'event':
    case 'every': {
      const paths = 'path' in leaf.measure ? [leaf.measure.path] : [];
      return [slotFor(slots, leaf.events, leaf.window, keepOf(leaf), paths)];
    }
    case 'firstEvent':
      // The earliest event of all decides, and totals know it.
      return [slotFor(slots, leaf.events, {}, Infinity, [])];
    case 'sequence': {
      const keep = slidingOf(leaf.window.from) ?? -Infinity;
      return [
        slotFor(slots, leaf.first, leaf.window, keep, []),
        ...leaf.steps.map((step) => slotFor(slots, step.events, {}, keep, [])),
      ];
    }
    case 'trait':
      if (leaf.test.lookup) slots.items.need(leaf.test.lookup);
      return [];
    default:
      return [];
  }
}

/** From which moment, relative to now, a leaf needs events one by one. */
function keepOf({ kind, window, measure }: EventLeaf | EveryLeaf): number {
  const from = slidingOf(window.from);
  if (from !== undefined) return from;
  // Totals know neither which values they hold nor when each event occurred.
  if (measure.of === 'distinct' || kind === 'every') return -Infinity;
  return slidingOf(window.to) ?? Infinity;
}

/** A bound relative to now, in milliseconds. */
export const slidingOf = (point: TimePoint | undefined): number | undefined =>
  point && 'fromNow' in point ? point.fromNow : undefined;

function slotFor(
  { slots, items }: Slots,
  selector: EventSelector,
  window: Window,
  keep: number,
  paths: readonly string[],
): Slot {
  const asksLater = (test: Test): boolean => movesWithTime(test) || test.lookup !== undefined;
  const moving = selector.where.filter(asksLater);
  const where = selector.where.filter((test) => !asksLater(test));
  for (const { lookup } of moving) if (lookup) items.need(lookup);
  const from = window.from && 'at' in window.from ? window.from.at : -Infinity;
  const to = window.to && 'at' in window.to ? window.to.at : Infinity;
  const key = canonicalJson([selector, String(from), String(to)]);
  let slot = slots.get(key);
  if (!slot) {
    slot = {
      index: slots.size,
      name: selector.name,
      where,
      moving,
      items,
      from,
      to,
      paths: [],
      keep: Infinity,
    };
    slots.set(key, slot);
  }
  for (const path of [...paths, ...moving.map((test) => test.path)]) {
    if (!slot.paths.includes(path)) slot.paths.push(path);
  }
  slot.keep = Math.min(slot.keep, moving.length > 0 ? -Infinity : keep);
  return slot;
}
