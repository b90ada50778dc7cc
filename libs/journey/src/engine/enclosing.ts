import type { JourneyDefinition, Step } from '../definition/definition';

/** A loop's body or a branch of a parallel step. */
export type Enclosing = { kind: 'loop'; step: string } | { kind: 'branch'; step: string; branch: number };

/** Where a step may lead within what encloses it. */
export function exitsOf(step: Step): string[] {
  const ways: (string | undefined)[] = 'next' in step ? [step.next] : [];
  if ('failed' in step) ways.push(step.failed);
  if ('timedOut' in step) ways.push(step.timedOut);
  if ('arms' in step) ways.push(...step.arms.map(({ next }) => next));
  return ways.filter((way) => way !== undefined);
}

/** What each step that can be reached stands in, outermost first. */
export function enclosingOf({ start, steps }: JourneyDefinition): Map<string, readonly Enclosing[]> {
  const found = new Map<string, readonly Enclosing[]>();
  const visit = (id: string, inside: readonly Enclosing[]): void => {
    if (found.has(id)) return;
    found.set(id, inside);
    const step = steps[id]!;
    for (const next of exitsOf(step)) visit(next, inside);
    if (step.kind === 'loop') visit(step.body, [...inside, { kind: 'loop', step: id }]);
    if (step.kind === 'parallel')
      step.branches.forEach((begin, branch) =>
        visit(begin, [...inside, { kind: 'branch', step: id, branch }]),
      );
  };
  visit(start, []);
  return found;
}
