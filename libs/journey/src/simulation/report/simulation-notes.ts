import { leavesOf } from '@percorso/segmentation';
import type { JourneyDefinition } from '../../definition/definition';
import { placesOf } from '../../definition/places';

export interface Note {
  code: string;
  message: string;
}

/** What a simulation of this journey cannot know, for who reads its report. */
export function notesOf(journey: JourneyDefinition): Note[] {
  const { caps, group, entries } = journey;
  const steps = Object.values(journey.steps);
  const capped = caps.total !== undefined || caps.perDay !== undefined;
  const lists = steps.some((step) => step.kind === 'update' && step.lists.length > 0);
  const told: (Note | false)[] = [
    note(
      'profiles-of-today',
      'Traits, consent and events are those of the time. Identities, accounts and uploaded lists are those of today: what a ' +
        'person did under another identity before both were joined counts as its own.',
    ),
    asksAudiences(journey) &&
      note(
        'audiences',
        'Audiences are entered and left as they really were. Where an audience or its definition is younger than that, nobody ' +
          'entered it before, however well it would have fitted.',
      ),
    entries.some(({ kind }) => kind === 'api') &&
      note('api', 'By the API, those enter whom it really let in: of others whom it named nothing is kept.'),
    capped &&
      note(
        'caps',
        'Caps count from the start of the simulation: who entered before takes no room. Of those who come within one ' +
          'millisecond it is chance whom they let in.',
      ),
    group !== undefined &&
      note('group', `Other journeys of the group ${group.name} keep nobody out and take nobody out.`),
    steps.some(({ kind }) => kind === 'jump') &&
      note('jumps', 'Whoever jumps ends here; what the other journey would do is not told.'),
    lists && note('lists', 'Who is put on a list, or taken off one, enters and leaves no audience by it.'),
  ];
  return told.filter((one) => one !== false);
}

/** Whether anything depends on who was in an audience when. */
const asksAudiences = (journey: JourneyDefinition): boolean => {
  const { audiences, conditions } = placesOf(journey);
  return (
    audiences.some(({ needsList }) => !needsList) ||
    conditions.some(({ condition }) => [...leavesOf(condition)].some(({ kind }) => kind === 'audience'))
  );
};

const note = (code: string, message: string): Note => ({ code, message });
