import { Consent, ConsentStamps, plainConsent } from './consent';
import { plainTraits, TraitStamps } from './said-trait';

/** A profile as mappings and exports see it. */
export interface ProfileDocument {
  id: string;
  person: number;
  traits: Record<string, unknown>;
  /** namespace -> values, the first seen first. */
  identities: Record<string, string[]>;
  consent: Consent;
  groups: string[];
  firstSeen: Date;
  lastSeen: Date;
}

export interface ProfileRow {
  id: string;
  person: number;
  traits: TraitStamps;
  consent: ConsentStamps;
  groups: string[];
  version: string;
}

export interface IdentityRow {
  person: number;
  node: number;
  namespace: string;
  value: string;
  firstSeen: Date;
}

export interface SeenRow {
  person: number;
  firstSeen: Date;
  lastSeen: Date;
}

export function documentOf(
  profile: ProfileRow,
  identities: readonly IdentityRow[],
  seen: SeenRow,
): ProfileDocument {
  const byNamespace: Record<string, string[]> = {};
  for (const { namespace, value } of identities) (byNamespace[namespace] ??= []).push(value);
  return {
    id: profile.id,
    person: profile.person,
    traits: plainTraits(profile.traits),
    identities: byNamespace,
    consent: plainConsent(profile.consent),
    groups: profile.groups,
    firstSeen: seen.firstSeen,
    lastSeen: seen.lastSeen,
  };
}
