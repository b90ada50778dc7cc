import { type FieldPath, formatField, overlap } from './field-name';
import type { UsageAction, UsagePolicy } from './standard';

/** A field that something looks at, with all that is below it; [] is every field. */
export interface FieldUse {
  path: FieldPath;
  /** JSON pointer or name of the request's part that does: /expression, fields. */
  pointer: string;
  /** Offset into that part, in UTF-16 units. */
  position?: number;
  /** It decides who is meant, and is not told. */
  chooses?: boolean;
}

/** What is labelled and what is barred, as of a version of the workspace's rules. */
export interface UsageRules {
  version: number;
  labelled: readonly { field: FieldPath; labels: readonly string[] }[];
  policies: readonly UsagePolicy[];
}

export interface UsageViolation {
  /** The labelled field, as its name is written. */
  field: string;
  labels: string[];
  policy: string;
  actions: string[];
  pointer: string;
  position?: number;
}

/** More tell nothing new. */
const MOST = 50;

/** Every policy that uses of fields break when they serve `actions`; nothing when they may. */
export function findViolations(
  uses: readonly FieldUse[],
  rules: UsageRules,
  actions: readonly string[],
): UsageViolation[] {
  return rules.policies
    .flatMap((policy) => {
      const barred = policy.actions.filter((action) => actions.includes(action));
      return barred.length === 0 ? [] : broken(policy, uses, rules, barred);
    })
    .slice(0, MOST);
}

function broken(
  policy: UsagePolicy,
  uses: readonly FieldUse[],
  { labelled }: UsageRules,
  actions: readonly UsageAction[],
): UsageViolation[] {
  const found = new Map<string, UsageViolation>();
  const met = new Set<string>();
  for (const { path, pointer, position, chooses } of uses) {
    if (chooses && !policy.audiences) continue;
    for (const { field, labels } of labelled) {
      const carried = labels.filter((label) => policy.labels.includes(label));
      if (carried.length === 0 || !overlap(field, path)) continue;
      for (const label of carried) met.add(label);
      const key = JSON.stringify([pointer, field]);
      if (found.has(key)) continue;
      const at = position === undefined ? {} : { position };
      found.set(key, {
        field: formatField(field),
        labels: carried,
        policy: policy.name,
        actions: [...actions],
        pointer,
        ...at,
      });
    }
  }
  return policy.match === 'any' || policy.labels.every((label) => met.has(label)) ? [...found.values()] : [];
}
