import type { JourneyDefinition } from '../../definition/definition';
import { advance, enter, nextDueOf, type Entering } from '../advance';
import type { Instance } from '../instance';
import type { Advanced, Answer, Command, Question, Stimulus, TraceEntry } from '../protocol';

/** Gives answers to what the engine asks. */
export type Oracle = (question: Question, at: number) => Answer;

export const ENTERING: Entering = {
  id: '0197a6d0-0000-7000-8000-000000000001',
  journeyId: '0197a6d0-0000-7000-8000-0000000000aa',
  version: 1,
  person: 7,
  profileId: '0197a6d0-0000-7000-8000-0000000000bb',
  key: null,
  holdout: false,
  entry: { kind: 'api' },
};

/** Rounds of questions in one turn: a definition that asks for more than it has steps for never comes to rest. */
const MOST_ROUNDS = 2_000;

/**
 * Plays one instance as a runtime does: advances it, answers what it asks, advances it again. Everything it gives to the
 * engine is frozen.
 */
export class Player {
  instance!: Instance;
  readonly commands: (Command & { at: number })[] = [];
  readonly trace: TraceEntry[] = [];
  readonly questions: Question[] = [];

  constructor(
    readonly journey: JourneyDefinition,
    private readonly oracle: Oracle = ({ visit }) => ({ visit, values: {} }),
  ) {
    freeze(journey);
  }

  enter(at: number, entering: Partial<Entering> = {}): this {
    return this.settle(enter(this.journey, freeze({ ...ENTERING, ...entering }), at), at);
  }

  take(stimulus: Stimulus, at: number): this {
    return this.settle(advance(this.journey, this.instance, freeze(stimulus), at), at);
  }

  /** Let time pass: whatever becomes due until then, in order, each at its own moment. */
  until(at: number): this {
    for (let due = this.due; due !== null && due <= at; due = this.due) this.take({ kind: 'due' }, due);
    return this;
  }

  /** When something is due next. */
  get due(): number | null {
    const due = nextDueOf(this.instance);
    return due === Infinity ? null : due;
  }

  /** Steps that wait, in the order of their visits. */
  get waiting(): string[] {
    return [...this.instance.tokens].sort((a, b) => a.visit - b.visit).map(({ step }) => step);
  }

  private settle(first: Advanced, at: number): this {
    let advanced = first;
    for (let round = 0; ; round++) {
      this.instance = freeze(advanced.instance);
      this.commands.push(...advanced.commands.map((command) => ({ ...command, at })));
      this.trace.push(...advanced.trace);
      if (advanced.questions.length === 0) return this;
      if (round > MOST_ROUNDS) throw new Error('questions without end');
      this.questions.push(...advanced.questions);
      const answers = advanced.questions.map((question) => this.oracle(question, at));
      advanced = advance(this.journey, this.instance, freeze({ kind: 'answers', answers }), at);
    }
  }
}

/** Frozen all the way down. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
