import { at } from '@percorso/segmentation';
import type { Step } from './definition';

/** A written way from a step to another. */
export interface Edge {
  to: string;
  way: Way;
  /** Where it is written. */
  pointer: string;
}

export type Way =
  | { kind: 'next' | 'failed' | 'timedOut' }
  /** Of an await, a branch or a split. */
  | { kind: 'arm'; index: number }
  /** Into what the step walks before it goes on. */
  | { kind: 'body' }
  | { kind: 'branch'; index: number };

export const stepPointer = (id: string): string => at('/steps', id);

/** Every way out of a step that is written, in the order it is tried. */
export function edgesOf(id: string, step: Step): Edge[] {
  const pointer = stepPointer(id);
  const edges: Edge[] = [];
  const add = (to: string | undefined, way: Way, place: string): void => {
    if (to !== undefined) edges.push({ to, way, pointer: place });
  };
  if (step.kind === 'parallel') {
    step.branches.forEach((to, index) =>
      add(to, { kind: 'branch', index }, at(`${pointer}/parallel/branches`, index)),
    );
  }
  if (step.kind === 'loop') add(step.body, { kind: 'body' }, `${pointer}/loop/body`);
  if ('arms' in step) {
    const arms = `${pointer}/${ARMS[step.kind]}`;
    step.arms.forEach((arm, index) => add(arm.next, { kind: 'arm', index }, `${arms}/${index}/next`));
  }
  for (const kind of ['failed', 'timedOut', 'next'] as const) {
    if (kind in step)
      add((step as Partial<Record<typeof kind, string>>)[kind], { kind }, `${pointer}/${kind}`);
  }
  return edges;
}

/** Where the arms of a step are written. */
export const ARMS = { await: 'await/any', branch: 'branch', split: 'split/arms' } as const;

export const entersBody = ({ way }: Edge): boolean => way.kind === 'body' || way.kind === 'branch';
