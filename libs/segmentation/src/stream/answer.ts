import type { Answer } from './event-answer';
import { answerLeaf, type PersonFacts } from './leaf-answer';
import type { Plan, PlannedCondition, Program } from './plan';

/** A person's answers to leaves at one moment, each found once however many audiences ask. */
export class Answers {
  private readonly found: (Answer | undefined)[] = [];

  constructor(
    private readonly plan: Plan,
    private readonly person: PersonFacts,
    private readonly now: number,
    private readonly zone: string,
  ) {}

  /**
   * Whether the person satisfies an audience, and until when that cannot change by time alone. Conditions that were not
   * needed for the answer are not looked at: it cannot change before one that was needed does.
   */
  of(program: Program): Answer {
    return this.condition(program.root);
  }

  private condition(condition: PlannedCondition): Answer {
    switch (condition.kind) {
      case 'leaf':
        return this.leaf(condition.leaf);
      case 'not': {
        const { holds, due } = this.condition(condition.condition);
        return { holds: !holds, due };
      }
      default:
        return this.combined(condition.conditions, condition.kind === 'any');
    }
  }

  /** `deciding`: the answer of one part that decides the whole. */
  private combined(conditions: readonly PlannedCondition[], deciding: boolean): Answer {
    let due = Infinity;
    for (const inner of conditions) {
      const answer = this.condition(inner);
      // While this one stays as it is, the others change nothing.
      if (answer.holds === deciding) return answer;
      due = Math.min(due, answer.due);
    }
    return { holds: !deciding, due };
  }

  private leaf(index: number): Answer {
    return (this.found[index] ??= answerLeaf(this.plan.leaves[index]!, this.person, this.now, this.zone));
  }
}
