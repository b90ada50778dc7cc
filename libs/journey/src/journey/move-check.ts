import type { FieldError } from '@percorso/kernel';
import { at } from '@percorso/segmentation';
import type { JourneyDefinition, Step } from '../definition/definition';
import { placeOf, type StepMap } from '../engine/move-instance';

/** A step of an older version where somebody may wait, and whose place none takes. */
export interface Unplaced {
  step: string;
  kind: Step['kind'];
}

/** Whether somebody may be found at a step: whatever else is passed at once. */
export const mayWait = (step: Step): boolean =>
  step.kind === 'wait' ||
  step.kind === 'await' ||
  step.kind === 'call' ||
  (step.kind === 'send' && step.failed !== undefined);

/**
 * Steps of `from` where somebody may wait and of which a move would not know where to go on: not in the map, and not
 * there any more in the same place with the same kind of wait.
 */
export function unplacedSteps(from: JourneyDefinition, to: JourneyDefinition, steps: StepMap): Unplaced[] {
  const change = { from, to, version: 0, steps };
  return Object.entries(from.steps).flatMap(([id, step]) => {
    if (!mayWait(step) || Object.hasOwn(steps, id)) return [];
    const place = placeOf(change, id);
    const alike = place !== undefined && to.steps[place]!.kind === step.kind && mayWait(to.steps[place]!);
    return alike ? [] : [{ step: id, kind: step.kind }];
  });
}

/** What is wrong with a map itself, by pointers into it: `froms` are the versions that somebody is on. */
export function mapMistakes(
  froms: readonly JourneyDefinition[],
  to: JourneyDefinition,
  steps: StepMap,
): FieldError[] {
  return Object.entries(steps).flatMap(([older, newer]) => {
    const pointer = at('', older);
    const having = froms.filter((from) => Object.hasOwn(from.steps, older));
    if (having.length === 0)
      return [mistake(pointer, 'unknown-step', 'No version that somebody is on has it.')];
    if (newer === null) return [];
    if (typeof newer !== 'string' || !Object.hasOwn(to.steps, newer)) {
      return [mistake(pointer, 'unknown-step', 'Must be the id of a step of the new version, or null.')];
    }
    const fits = having.every((from) => placeOf({ from, to, version: 0, steps }, older) !== undefined);
    const message = 'Stands in other loops or branches than the step whose place it is to take.';
    return fits ? [] : [mistake(pointer, 'other-place', message)];
  });
}

const mistake = (pointer: string, code: string, message: string): FieldError => ({ pointer, code, message });
