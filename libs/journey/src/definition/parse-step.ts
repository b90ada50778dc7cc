import { at, type Mistakes, readObject } from '@percorso/segmentation';
import type { Step, StepKind } from './definition';
import { readCall, readEnd, readJump, readSend, readUpdate } from './parse-action';
import { readBranch, readLoop, readParallel, readSplit } from './parse-flow';
import { readAwait, readWait } from './parse-wait';
import { readStepId } from './written';

const READ = {
  send: readSend,
  call: readCall,
  wait: readWait,
  await: readAwait,
  branch: readBranch,
  split: readSplit,
  parallel: readParallel,
  loop: readLoop,
  update: readUpdate,
  jump: readJump,
  end: readEnd,
} satisfies Record<StepKind, (value: unknown, pointer: string, mistakes: Mistakes) => Step | undefined>;

export const STEP_KINDS = Object.keys(READ) as StepKind[];

/** Where a step of each kind may say to go on, in this order. */
export const WAYS: Record<StepKind, readonly ('next' | 'failed' | 'timedOut')[]> = {
  send: ['next', 'failed'],
  call: ['next', 'failed', 'timedOut'],
  wait: ['next'],
  await: ['next', 'timedOut'],
  branch: ['next'],
  split: ['next'],
  parallel: ['next'],
  loop: ['next'],
  update: ['next'],
  jump: [],
  end: [],
};

/** What one kind of step needs, and where it goes on. */
export function readStep(value: unknown, pointer: string, mistakes: Mistakes): Step | undefined {
  const kinds = STEP_KINDS.filter((kind) => typeof value === 'object' && value !== null && kind in value);
  const [kind, more] = kinds;
  const only = kind !== undefined && more === undefined;
  const allowed = only ? [kind, ...WAYS[kind]] : [...STEP_KINDS, ...WAYS.call];
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  if (kind === undefined || more !== undefined) {
    return mistakes.add(pointer, 'choice', `must have exactly one of ${STEP_KINDS.join(', ')}`);
  }
  const step: Step | undefined = READ[kind](source[kind], at(pointer, kind), mistakes);
  const led: Record<string, string> = {};
  for (const way of WAYS[kind]) {
    const to = source[way] === undefined ? undefined : readStepId(source[way], at(pointer, way), mistakes);
    if (to !== undefined) led[way] = to;
  }
  if (step?.kind === 'await' && 'timedOut' in source && !('timeout' in (source.await as object))) {
    mistakes.add(at(pointer, 'timedOut'), 'no-timeout', 'is never taken: the step has no timeout');
  }
  return step && { ...step, ...led };
}
