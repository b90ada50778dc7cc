import {
  type Condition,
  type EventLeaf,
  type EventSelector,
  type Leaf,
  leavesOf,
  type Measure,
  type Window,
} from '../definition/definition';

/** How a computed trait comes about, as evaluators see it. Meaning is set down in this lib's README. */
export type TraitDefinition = MeasuredTrait | ConditionTrait;

/** A measure over the matching events of a window. */
export interface MeasuredTrait {
  kind: 'measure';
  events: EventSelector;
  window: Window;
  measure: TraitMeasure;
}

/** Whether a condition holds, true or false. */
export interface ConditionTrait {
  kind: 'condition';
  where: Condition;
}

export type TraitMeasure = Measure | ValueMeasure;

/** Measures whose value is one of those at the path. */
export interface ValueMeasure {
  of: 'mostFrequent' | 'firstValue' | 'lastValue';
  path: string;
}

export const isValueMeasure = (measure: TraitMeasure): measure is ValueMeasure =>
  measure.of === 'mostFrequent' || measure.of === 'firstValue' || measure.of === 'lastValue';

/** The condition that looks at what the trait looks at, and moves with time when it does; what it says is of no matter. */
export function conditionOf(trait: TraitDefinition): Condition {
  return trait.kind === 'condition' ? trait.where : leafOf(trait);
}

/** The same of a measured trait: one leaf. */
export function leafOf({ events, window, measure }: MeasuredTrait): EventLeaf {
  return {
    kind: 'event',
    events,
    window,
    measure: isValueMeasure(measure) ? { of: 'distinct', path: measure.path } : measure,
    op: 'gte',
    value: { type: 'number', value: '1' },
  };
}

/** The keys of traits that a leaf looks at; a nested path is of the trait it begins with. */
export function traitKeysOf(leaf: Leaf): string[] {
  const keyOf = (path: string): string => path.split('.')[0] ?? path;
  if (leaf.kind === 'trait') return [keyOf(leaf.test.path)];
  if (leaf.kind === 'accountMember') return [...leavesOf(leaf.where)].flatMap(traitKeysOf);
  if (leaf.kind !== 'calendar') return [];
  const zone = leaf.zone && 'trait' in leaf.zone ? [keyOf(leaf.zone.trait)] : [];
  return [keyOf(leaf.path), ...zone];
}
