import { Matcher, parsePattern, PatternNode, UnsupportedPattern } from './parse-pattern';

/** Steps of a compiled pattern at most: what one character of a text can cost. */
export const MOST_STEPS = 500;

type Step =
  { op: 'char'; matches: Matcher } | { op: 'split'; to: number[] } | { op: 'start' | 'end' | 'match' };

/**
 * A regular expression whose time is at most its steps times the length of the text, whatever the text: all ways through
 * it are followed at once. The flag-u meaning of JavaScript for what `parsePattern` takes.
 * @throws UnsupportedPattern
 */
export class LinearPattern {
  private readonly steps: Step[] = [];

  constructor(private readonly source: string) {
    this.emit(parsePattern(source));
    this.push({ op: 'match' });
  }

  /** What ajv tells patterns apart by. */
  toString(): string {
    return this.source;
  }

  /** How many steps it has. */
  get size(): number {
    return this.steps.length;
  }

  /** Whether some part of `text` matches. */
  test(text: string): boolean {
    let current: number[] = [];
    const marks = new Int32Array(this.steps.length).fill(-1);
    let at = 0;
    for (let index = 0; index <= text.length;) {
      if (this.follow(0, index, text.length, current, marks, at)) return true;
      if (index === text.length) return false;
      const point = text.codePointAt(index)!;
      const after = index + (point > 0xffff ? 2 : 1);
      const next: number[] = [];
      at += 1;
      for (const step of current) {
        const { matches } = this.steps[step] as { matches: Matcher };
        if (matches(point) && this.follow(step + 1, after, text.length, next, marks, at)) return true;
      }
      current = next;
      index = after;
    }
    return false;
  }

  /** Add all character steps reachable from `from` without a character; true when the end is. */
  private follow(
    from: number,
    index: number,
    length: number,
    into: number[],
    marks: Int32Array,
    at: number,
  ): boolean {
    const waiting = [from];
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      if (marks[step] === at) continue;
      marks[step] = at;
      const it = this.steps[step]!;
      if (it.op === 'match') return true;
      if (it.op === 'char') into.push(step);
      else if (it.op === 'split') waiting.push(...it.to);
      else if (it.op === 'start' ? index === 0 : index === length) waiting.push(step + 1);
    }
    return false;
  }

  private push(step: Step): Step {
    if (this.steps.length >= MOST_STEPS) {
      throw new UnsupportedPattern(`The pattern is too large: ${MOST_STEPS} steps, repetitions counted out.`);
    }
    this.steps.push(step);
    return step;
  }

  private emit(node: PatternNode): void {
    switch (node.kind) {
      case 'char':
        this.push({ op: 'char', matches: node.matches });
        return;
      case 'start':
      case 'end':
        this.push({ op: node.kind });
        return;
      case 'sequence':
        for (const part of node.parts) this.emit(part);
        return;
      case 'choice':
        this.emitChoice(node.parts);
        return;
      case 'repeat':
        this.emitRepeat(node);
    }
  }

  private emitChoice(parts: readonly PatternNode[]): void {
    const fork = this.fork();
    const ends: number[][] = [];
    for (const part of parts) {
      fork.push(this.steps.length);
      this.emit(part);
      ends.push(this.fork());
    }
    for (const end of ends) end.push(this.steps.length);
  }

  private emitRepeat({ part, min, max }: Extract<PatternNode, { kind: 'repeat' }>): void {
    for (let n = 0; n < min; n++) this.emit(part);
    if (max === Infinity) {
      const again = this.steps.length;
      const fork = this.fork();
      fork.push(this.steps.length);
      this.emit(part);
      this.fork().push(again);
      fork.push(this.steps.length);
      return;
    }
    const ends: number[][] = [];
    for (let n = min; n < max; n++) {
      const fork = this.fork();
      fork.push(this.steps.length);
      this.emit(part);
      ends.push(fork);
    }
    for (const end of ends) end.push(this.steps.length);
  }

  /** A step whose targets are filled in later. */
  private fork(): number[] {
    const to: number[] = [];
    this.push({ op: 'split', to });
    return to;
  }
}
