import { canonicalJson } from '@percorso/kernel';
import { addConsent, ConsentStamps, ConsentStatement, plainConsent } from './consent';
import type { TraitRanks } from './merge-policy/trait-ranks';
import { addSaid, addTraits, countedOf, plainTraits, SaidTraits, saidOf, TraitStamps } from './said-trait';
import { Stamp } from './stamp';

/** What was said through the nodes of one home. A profile is the fragments of its homes merged. */
export interface Fragment {
  traits: SaidTraits;
  consent: ConsentStamps;
  groups: string[];
  firstSeen: Date;
  lastSeen: Date;
}

/** Fragments merged, of each trait the value that counts. */
export type MergedFragment = Fragment & { traits: TraitStamps };

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

/** Add what one event says to `into`. */
export function addSaying(into: Fragment, saying: Saying): void {
  addTraits(into.traits, saying.traits, saying.stamp);
  for (const statement of saying.consent) addConsent(into.consent, statement, saying.stamp);
  if (saying.group !== undefined && !into.groups.includes(saying.group)) into.groups.push(saying.group);
  if (saying.occurredAt < into.firstSeen) into.firstSeen = saying.occurredAt;
  if (saying.occurredAt > into.lastSeen) into.lastSeen = saying.occurredAt;
}

/**
 * One fragment out of many: per trait the value that counts by the policy, per channel and topic the latest; the order
 * of fragments is of no matter.
 */
export function mergeFragments(fragments: readonly Fragment[], policy: TraitRanks): MergedFragment {
  const [first, ...others] = fragments;
  const merged = {
    consent: { ...first!.consent },
    groups: [...first!.groups],
    firstSeen: first!.firstSeen,
    lastSeen: first!.lastSeen,
  };
  for (const fragment of others) {
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
  return { ...merged, traits: countedTraits(allSaid(fragments), policy) };
}

/** What was said of each trait, whichever fragment knows it. */
export function allSaid(fragments: readonly Fragment[]): SaidTraits {
  const [first, ...others] = fragments;
  const traits = { ...first?.traits };
  for (const fragment of others) {
    for (const [key, trait] of Object.entries(fragment.traits)) {
      for (const said of saidOf(trait)) addSaid(traits, key, said);
    }
  }
  return traits;
}

/** Of each trait the value that counts. */
export const countedTraits = (traits: SaidTraits, policy: TraitRanks): TraitStamps =>
  Object.fromEntries(Object.entries(traits).map(([key, said]) => [key, countedOf(said, policy.of(key))]));

/** What of a profile others can see, as text: equal texts need no new version. */
export function visibleContent(fragment: MergedFragment): string {
  return canonicalJson([
    plainTraits(fragment.traits),
    plainConsent(fragment.consent),
    [...fragment.groups].sort(),
  ]);
}
