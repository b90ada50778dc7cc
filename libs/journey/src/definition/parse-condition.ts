import { at, type Mistakes, readCondition } from '@percorso/segmentation';
import type { ProfileCondition } from './definition';

/** What is asked of one profile only: not of other members of its accounts, nor of a list that only an audience has. */
export function readProfileCondition(
  value: unknown,
  pointer: string,
  mistakes: Mistakes,
): ProfileCondition | undefined {
  const condition = readCondition(value, pointer, mistakes);
  if (condition) noteUnasked(condition, pointer, mistakes);
  return condition;
}

function noteUnasked(condition: ProfileCondition, pointer: string, mistakes: Mistakes): void {
  if (condition.kind === 'not') noteUnasked(condition.condition, at(pointer, 'not'), mistakes);
  else if (condition.kind === 'all' || condition.kind === 'any') {
    condition.conditions.forEach((inner, index) =>
      noteUnasked(inner, at(at(pointer, condition.kind), index), mistakes),
    );
  } else if (condition.kind === 'imported') {
    mistakes.add(at(pointer, 'imported'), 'no-audience', 'only an audience has a list: name it by audience');
  } else if (condition.kind === 'accountMember') {
    const message = 'cannot be asked of one profile: make it an audience and name that';
    mistakes.add(at(pointer, 'accountMember'), 'no-audience', message);
  }
}
