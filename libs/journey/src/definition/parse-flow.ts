import {
  at,
  type Mistakes,
  readChoice,
  readList,
  readObject,
  readShare,
  readText,
} from '@percorso/segmentation';
import { readProfileCondition } from './parse-condition';
import type {
  BranchStep,
  ContextTest,
  LoopStep,
  ParallelStep,
  ProfileCondition,
  SplitStep,
} from './definition';
import { LIMITS, noteRepeated, optional, readJsonata, readStepId, readWhole } from './written';

/** All there are, in hundredths of a percent. */
export const WHOLE = 10_000;
const LEAST_BRANCHES = 2;

/** A condition of the segment language, or {jsonata}. */
function readTest(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): ProfileCondition | ContextTest | undefined {
  const asks = value !== null && typeof value === 'object' && 'jsonata' in value;
  return asks ? readJsonata(value, pointer, mistakes) : readProfileCondition(value, pointer, mistakes);
}

/** [{where, next?}, …]. */
export function readBranch(value: unknown, pointer: string, mistakes: Mistakes): BranchStep | undefined {
  const arms = readList(value, pointer, mistakes, LIMITS.arms)?.map((arm, index) => {
    const place = at(pointer, index);
    const source = readObject(arm, place, ['where', 'next'], mistakes);
    if (!source) return undefined;
    const where = readTest(source.where, at(place, 'where'), mistakes);
    const next = readNext(source.next, at(place, 'next'), mistakes);
    return where && { where, ...(next && { next }) };
  });
  noteRepeated(arms?.map((arm) => arm?.where) ?? [], (index) => at(pointer, index), mistakes);
  return arms && { kind: 'branch', arms: arms.filter((arm) => arm !== undefined) };
}

/** {arms: [{name, percent, next?}, …], salt?}. */
export function readSplit(value: unknown, pointer: string, mistakes: Mistakes): SplitStep | undefined {
  const source = readObject(value, pointer, ['arms', 'salt'], mistakes);
  if (!source) return undefined;
  const place = at(pointer, 'arms');
  const arms = readList(source.arms, place, mistakes, LIMITS.arms)?.map((arm, index) =>
    readShareArm(arm, at(place, index), mistakes),
  );
  noteRepeated(arms?.map((arm) => arm?.name) ?? [], (index) => at(at(place, index), 'name'), mistakes);
  if ((arms ?? []).reduce((sum, arm) => sum + (arm?.share ?? 0), 0) > WHOLE) {
    mistakes.add(place, 'range', 'must have percentages of 100 at most together');
  }
  const salt = optional(source.salt, undefined, () =>
    readText(source.salt, at(pointer, 'salt'), mistakes, 100),
  );
  return arms && { kind: 'split', arms: arms.filter((arm) => arm !== undefined), ...(salt && { salt }) };
}

function readShareArm(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): SplitStep['arms'][number] | undefined {
  const source = readObject(value, pointer, ['name', 'percent', 'next'], mistakes);
  if (!source) return undefined;
  const name = readText(source.name, at(pointer, 'name'), mistakes, 100);
  const share = readShare(source.percent, at(pointer, 'percent'), mistakes);
  const next = readNext(source.next, at(pointer, 'next'), mistakes);
  return name === undefined || share === undefined ? undefined : { name, share, ...(next && { next }) };
}

/** {branches: [step, …], join?}. */
export function readParallel(value: unknown, pointer: string, mistakes: Mistakes): ParallelStep | undefined {
  const source = readObject(value, pointer, ['branches', 'join'], mistakes);
  if (!source) return undefined;
  const place = at(pointer, 'branches');
  const branches = readList(source.branches, place, mistakes, LIMITS.branches)?.map((branch, index) =>
    readStepId(branch, at(place, index), mistakes),
  );
  if (branches && branches.length < LEAST_BRANCHES) {
    mistakes.add(place, 'too-few', `must have at least ${LEAST_BRANCHES} items`);
  }
  noteRepeated(branches ?? [], (index) => at(place, index), mistakes);
  const join = optional<ParallelStep['join']>(source.join, 'all', () =>
    readChoice(source.join, ['all', 'any'], at(pointer, 'join'), mistakes),
  );
  if (!branches || !join) return undefined;
  return { kind: 'parallel', branches: branches.filter((one) => one !== undefined), join };
}

/** {body, times, while?}. */
export function readLoop(value: unknown, pointer: string, mistakes: Mistakes): LoopStep | undefined {
  const source = readObject(value, pointer, ['body', 'times', 'while'], mistakes);
  if (!source) return undefined;
  const body = readStepId(source.body, at(pointer, 'body'), mistakes);
  const times = readWhole(source.times, [1, LIMITS.times], at(pointer, 'times'), mistakes);
  const test = optional(source.while, undefined, () =>
    readTest(source.while, at(pointer, 'while'), mistakes),
  );
  if (body === undefined || times === undefined) return undefined;
  return { kind: 'loop', body, times, ...(test && { while: test }) };
}

const readNext = (value: unknown, pointer: string, mistakes: Mistakes): string | undefined =>
  optional(value, undefined, () => readStepId(value, pointer, mistakes));
