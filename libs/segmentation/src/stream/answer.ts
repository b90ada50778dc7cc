import type { Condition, Leaf } from '../definition/definition';

/**
 * An answer and until when: the earliest moment, in Unix milliseconds, at which time alone may change it, Infinity when
 * it never does; positive when the condition holds, negative when it does not. The moment may be too early, never too
 * late.
 */
export type Answer = number;

/** @param due after 1970, as every moment at which a hub is asked */
export const answerOf = (holds: boolean, due: number): Answer => (holds ? due : -due);

export const holdsOf = (answer: Answer): boolean => answer > 0;

export const dueOf = (answer: Answer): number => Math.abs(answer);

/** Answers a condition from the answers of leaves. */
export type AskCondition = (leaves: readonly Answer[]) => Answer;

/**
 * A condition made ready to be asked often. Parts that are not needed for the answer do not count: it cannot change
 * before one that was needed does.
 */
export function askCondition(condition: Condition, leafIndex: (leaf: Leaf) => number): AskCondition {
  switch (condition.kind) {
    case 'not': {
      const inner = askCondition(condition.condition, leafIndex);
      return (leaves) => -inner(leaves);
    }
    case 'all':
      return all(condition.conditions.map((inner) => askCondition(inner, leafIndex)));
    case 'any':
      return any(condition.conditions.map((inner) => askCondition(inner, leafIndex)));
    default: {
      const index = leafIndex(condition);
      return (leaves) => leaves[index]!;
    }
  }
}

const all =
  (parts: readonly AskCondition[]): AskCondition =>
  (leaves) => {
    let answer = Infinity;
    for (const part of parts) {
      const found = part(leaves);
      // While this one stays as it is, the others change nothing.
      if (!holdsOf(found)) return found;
      if (found < answer) answer = found;
    }
    return answer;
  };

/** None of them is not all of those that are not. */
const any =
  (parts: readonly AskCondition[]): AskCondition =>
  (leaves) => {
    let answer = -Infinity;
    for (const part of parts) {
      const found = part(leaves);
      if (holdsOf(found)) return found;
      if (found > answer) answer = found;
    }
    return answer;
  };
