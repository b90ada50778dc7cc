import { canonicalJson } from '@percorso/kernel';
import { addConsent, ConsentStamps, ConsentStatement, plainConsent } from './consent';
import { isLater, Stamp } from './stamp';

/** A trait with who said it and when; a null value is a removal that outlives earlier values. */
export type TraitStamp = Stamp & { value: unknown };
export type TraitStamps = Record<string, TraitStamp>;

/** What was said through the nodes of one home. A profile is the fragments of its homes merged. */
export interface Fragment {
  traits: TraitStamps;
  consent: ConsentStamps;
  groups: string[];
  firstSeen: Date;
  lastSeen: Date;
}

/** What one event says about a person. */
export interface Saying {
  traits: readonly (readonly [string, unknown])[];
  consent: readonly ConsentStatement[];
  group?: string;
  stamp: Stamp;
  occurredAt: Date;
}

export const emptyFragment = (at: Date): Fragment => ({
  traits: {},
  consent: {},
  groups: [],
  firstSeen: at,
  lastSeen: at,
});

/** Add trait values, the latest winning. True when something changed. */
export function addTraits(
  into: TraitStamps,
  traits: Iterable<readonly [string, unknown]>,
  stamp: Stamp,
): boolean {
  let changed = false;
  for (const [key, value] of traits) {
    // Assigned, it would set the prototype instead of a key.
    if (key === '__proto__') continue;
    if (!isLater(stamp, Object.hasOwn(into, key) ? into[key] : undefined)) continue;
    into[key] = { value, ...stamp };
    changed = true;
  }
  return changed;
}

/** Add what one event says to `into`. */
export function addSaying(into: Fragment, saying: Saying): void {
  addTraits(into.traits, saying.traits, saying.stamp);
  for (const statement of saying.consent) addConsent(into.consent, statement, saying.stamp);
  if (saying.group !== undefined && !into.groups.includes(saying.group)) into.groups.push(saying.group);
  if (saying.occurredAt < into.firstSeen) into.firstSeen = saying.occurredAt;
  if (saying.occurredAt > into.lastSeen) into.lastSeen = saying.occurredAt;
}

/** One fragment out of many: per trait, and per channel and topic, the latest wins; the order of fragments is of no matter. */
export function mergeFragments(fragments: readonly Fragment[]): Fragment {
  const [first, ...others] = fragments;
  const merged: Fragment = {
    traits: { ...first!.traits },
    consent: { ...first!.consent },
    groups: [...first!.groups],
    firstSeen: first!.firstSeen,
    lastSeen: first!.lastSeen,
  };
  for (const fragment of others) {
    for (const [key, { value, ...stamp }] of Object.entries(fragment.traits)) {
      addTraits(merged.traits, [[key, value]], stamp);
    }
    for (const [channel, topics] of Object.entries(fragment.consent)) {
      for (const [topic, { state, ...stamp }] of Object.entries(topics)) {
        addConsent(merged.consent, { channel, topic, state }, stamp);
      }
    }
    for (const group of fragment.groups) if (!merged.groups.includes(group)) merged.groups.push(group);
    if (fragment.firstSeen < merged.firstSeen) merged.firstSeen = fragment.firstSeen;
    if (fragment.lastSeen > merged.lastSeen) merged.lastSeen = fragment.lastSeen;
  }
  merged.groups.sort();
  return merged;
}

/** Trait values as readers see them: without removed ones. */
export function plainTraits(traits: TraitStamps): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(traits).flatMap(([key, { value }]) => (value === null ? [] : [[key, value]])),
  );
}

/** What of a profile others can see, as text: equal texts need no new version. */
export function visibleContent(fragment: Fragment): string {
  return canonicalJson([
    plainTraits(fragment.traits),
    plainConsent(fragment.consent),
    [...fragment.groups].sort(),
  ]);
}
