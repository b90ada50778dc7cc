import type { MembershipCause, PersonChange } from '../membership/membership.store';
import { type Answer, dueOf, holdsOf } from './answer';
import type { Asked, Program } from './plan';
import type { Subject } from './subject-reader';
import type { Touched, Turn } from './turn';
import type { Wake } from './wake.store';

/** What a turn found out of its persons: who enters and leaves what, and when to look at each again. */
export class Verdicts {
  readonly changes: PersonChange[] = [];
  /** Next moments of those who were woken, and of the others. */
  readonly woken: Wake[] = [];
  readonly seen: Wake[] = [];

  constructor(private readonly turn: Pick<Turn, 'horizon' | 'now'>) {}

  /**
   * Add what was answered of a person.
   * @param otherwise when it is to be looked at even if no answer changes by time before
   */
  add(
    { touch, memberships }: Subject,
    questions: Iterable<Asked>,
    answerOf: (asked: Asked) => Answer,
    otherwise = Infinity,
  ): void {
    let due = otherwise;
    for (const question of questions) {
      const answer = answerOf(question);
      due = Math.min(due, dueOf(answer));
      if (!('audience' in question)) continue;
      const member = memberships.has(question.audience.id);
      if (holdsOf(answer) !== member) this.changes.push(changeOf(question, touch, holdsOf(answer)));
    }
    // What comes later the sweeper finds before it is near.
    const soon = due <= this.turn.horizon || due <= this.turn.now.getTime();
    (touch.woken ? this.woken : this.seen).push({ person: touch.person, due: soon ? due : Infinity });
  }
}

function changeOf({ audience }: Program, touch: Touched, member: boolean): PersonChange {
  return {
    audienceId: audience.id,
    person: touch.person,
    member,
    cause: causeOf(audience, touch),
    definitionVersion: audience.definitionVersion,
  };
}

function causeOf(audience: Program['audience'], { events, cause }: Touched): MembershipCause {
  // Whoever belonged already when the definition came enters by it, not by what happens to happen now.
  if (audience.backfilledVersion === null) return { kind: 'backfill' };
  if (audience.backfilledVersion !== audience.definitionVersion) return { kind: 'edit' };
  const last = events.at(-1);
  return last ? { kind: 'event', messageId: last.messageId } : (cause ?? { kind: 'time' });
}
