import { Problem } from '@percorso/kernel';
import type { UsageViolation } from './find-violations';

/** The refusal of a use, naming field, label, policy and place of each violation. */
export function usageProblem(
  violations: readonly UsageViolation[],
  status: 403 | 409 | 422 = 422,
  detail = 'Usage policies bar this use of labelled fields.',
): Problem {
  return new Problem({
    status,
    code: 'usage-policy',
    title: 'A usage policy bars this',
    detail,
    errors: violations.map((violation) => ({
      pointer: violation.pointer,
      code: 'usage-policy',
      message: `${describeViolation(violation)}.`,
    })),
  });
}

/** In words, without an end: `traits.email (contract:no-third-party) is barred from third-party by no-third-party`. */
export function describeViolation({ field, labels, policy, actions, position }: UsageViolation): string {
  const at = position === undefined ? '' : ` at character ${position}`;
  return `${field} (${labels.join(', ')})${at} is barred from ${actions.join(', ')} by the policy ${policy}`;
}
