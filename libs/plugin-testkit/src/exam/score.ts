export interface Answered {
  name: string;
  /** What is wrong; absent when the answer is right. */
  wrong?: string;
}

/** How a plugin did, and what it lacks. */
export class Score {
  constructor(
    readonly plugin: string,
    readonly answered: readonly Answered[],
    /** What was not asked, and why. */
    readonly notAsked: readonly string[],
  ) {}

  get wrong(): Answered[] {
    return this.answered.filter(({ wrong }) => wrong !== undefined);
  }

  get passed(): boolean {
    return this.answered.length > 0 && this.wrong.length === 0;
  }

  /** For people: right answers out of all, then each wrong one with its reason, then what was left out. */
  toString(): string {
    const right = this.answered.length - this.wrong.length;
    const percent = Math.floor((100 * right) / Math.max(1, this.answered.length));
    return [
      `Exam of ${this.plugin}: ${right} of ${this.answered.length} answers are right (${percent} %).`,
      ...this.wrong.map(({ name, wrong = '' }) => `  wrong: ${name}: ${wrong.split('\n').join('\n    ')}`),
      ...this.notAsked.map((line) => `  not asked: ${line}`),
    ].join('\n');
  }
}
