import type { FieldError } from '@percorso/kernel';
import type { JourneyDefinition, Step } from './definition';
import { edgesOf, entersBody, stepPointer } from './edges';

/** Steps at which time passes: whoever comes back to them does not go round for nothing. */
const takesTime = (step: Step): boolean =>
  step.kind === 'await' ||
  step.kind === 'call' ||
  (step.kind === 'send' && step.failed !== undefined) ||
  (step.kind === 'wait' && ('for' in step.until || 'time' in step.until));

/**
 * Jumps of a journey into itself that come about without any time passing since the start: who takes one goes round
 * without an end. `self` is the journey's id, if it has one.
 */
export function endlessJumps({ start, steps }: JourneyDefinition, self: string | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const known = new Map<string, boolean>();
  /** Whether the end of the journey, the body or the branch can be come to without time passing. */
  const ends = (id: string): boolean => {
    let found = known.get(id);
    if (found === undefined) known.set(id, (found = passes(id, steps[id]!)));
    return found;
  };
  const passes = (id: string, step: Step): boolean => {
    if (step.kind === 'jump' && step.journeyId === self) {
      const message = 'leads round without an end: no time passes between the start and this jump';
      errors.push({ pointer: `${stepPointer(id)}/jump/journey`, code: 'endless', message });
    }
    if (step.kind === 'jump' || step.kind === 'end' || takesTime(step)) return false;
    const edges = edgesOf(id, step);
    const bodies = edges.filter(entersBody).map(({ to }) => ends(to));
    const through =
      step.kind === 'loop'
        ? step.while !== undefined || bodies.every(Boolean)
        : step.kind === 'parallel' && step.join === 'any'
          ? bodies.some(Boolean)
          : bodies.every(Boolean);
    if (!through) return false;
    const onward = edges.filter((edge) => !entersBody(edge)).map(({ to }) => ends(to));
    return step.next === undefined || onward.some(Boolean);
  };
  ends(start);
  return errors;
}
