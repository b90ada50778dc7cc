import type { RefusalCode } from '../runtime/walk/admission';

/** Why somebody did not enter, in words. */
export const REFUSAL_WORDS: Record<RefusalCode, string> = {
  paused: 'The journey was paused.',
  draining: 'The journey took nobody more.',
  'not-live': 'No version of the journey was live.',
  'no-entry': 'The journey has no entry of this kind.',
  'not-marked': 'The journey was in test, and the profile is not marked for it.',
  late: 'The event came too long after it had occurred.',
  backfill: 'Only an import of the past, or an audience that was just made or edited, showed it.',
  'no-key': 'The journey is keyed, and nothing that could be one was at the key.',
  'profile-gone': 'The profile was merged into another or erased.',
  inside: 'It was inside already, with the same key.',
  reentry: 'It had been inside, and was not to enter again, or not yet.',
  outranked: 'It was in a journey of the same group with the same or a higher priority.',
  where: 'The condition of the journey did not hold.',
  'cap-total': 'As many had entered as may in all.',
  'cap-day': 'As many had entered as may in a day.',
  failed: 'The steps of the journey could not be walked for the profile; the log of the hub tells why.',
};
