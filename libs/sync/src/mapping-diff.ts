import { canonicalJson } from '@percorso/kernel';
import type { ChangedLine, MappingDiff } from './mapping.dto';
import type { SavedVersion } from './mapping.store';

/** Longer texts are compared as a whole: the table of two would not fit. */
const MOST_LINES = 2000;

/** What one version has and another has not. */
export function diffVersions(from: SavedVersion, to: SavedVersion): MappingDiff {
  const before = new Map(from.examples.map((example) => [example.name, canonicalJson(example)]));
  const after = new Map(to.examples.map((example) => [example.name, canonicalJson(example)]));
  return {
    from: from.version,
    to: to.version,
    expression: diffLines(from.expression.split('\n'), to.expression.split('\n')),
    required: {
      removed: from.required.filter((field) => !to.required.includes(field)),
      added: to.required.filter((field) => !from.required.includes(field)),
    },
    examples: {
      removed: [...before.keys()].filter((name) => !after.has(name)),
      added: [...after.keys()].filter((name) => !before.has(name)),
      changed: [...after.keys()].filter((name) => before.has(name) && before.get(name) !== after.get(name)),
    },
  };
}

/** The longest common subsequence stays, the rest was removed or added. */
export function diffLines(before: readonly string[], after: readonly string[]): ChangedLine[] {
  const lines = (change: ChangedLine['change'], of: readonly string[]): ChangedLine[] =>
    of.map((line) => ({ change, line }));
  if (before.length > MOST_LINES || after.length > MOST_LINES) {
    return [...lines('removed', before), ...lines('added', after)];
  }
  // common[i][j]: how many lines the texts from i and j on have in common.
  const common = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i]![j] =
        before[i] === after[j]
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const found: ChangedLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      found.push({ change: 'same', line: before[i++]! });
      j++;
    } else if (common[i + 1]![j]! >= common[i]![j + 1]!) {
      found.push({ change: 'removed', line: before[i++]! });
    } else found.push({ change: 'added', line: after[j++]! });
  }
  return [...found, ...lines('removed', before.slice(i)), ...lines('added', after.slice(j))];
}
