/** Whether a code point is meant. */
export type Matcher = (point: number) => boolean;

export type PatternNode =
  | { kind: 'char'; matches: Matcher }
  | { kind: 'start' | 'end' }
  | { kind: 'sequence' | 'choice'; parts: PatternNode[] }
  | { kind: 'repeat'; part: PatternNode; min: number; max: number };

export class UnsupportedPattern extends Error {}

const MOST_REPEATS = 200;

const between =
  (low: number, high: number): Matcher =>
  (point) =>
    point >= low && point <= high;
const anyOf =
  (matchers: readonly Matcher[]): Matcher =>
  (point) =>
    matchers.some((matches) => matches(point));
const not =
  (matches: Matcher): Matcher =>
  (point) =>
    !matches(point);

const digit = between(0x30, 0x39);
const word = anyOf([digit, between(0x41, 0x5a), between(0x61, 0x7a), (point) => point === 0x5f]);
const space: Matcher = (point) => /\s/u.test(String.fromCodePoint(point));
const newline: Matcher = (point) => point === 0x0a || point === 0x0d || point === 0x2028 || point === 0x2029;

const CLASSES: Record<string, Matcher> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const CONTROLS: Record<string, number> = { t: 9, n: 10, v: 11, f: 12, r: 13 };

/**
 * Read the part of JavaScript's regular expressions (flag u) that can be matched in linear time: no references, no
 * looking around.
 * @throws UnsupportedPattern
 */
export function parsePattern(source: string): PatternNode {
  return new PatternParser([...source]).parse();
}

class PatternParser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: readonly string[]) {}

  parse(): PatternNode {
    const node = this.choice();
    if (this.at < this.text.length)
      throw new UnsupportedPattern('A parenthesis is closed that was not opened.');
    return node;
  }

  private choice(): PatternNode {
    if (++this.depth > 32) throw new UnsupportedPattern('Groups may be nested 32 deep.');
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    this.depth -= 1;
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  private sequence(): PatternNode {
    const parts: PatternNode[] = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') {
      parts.push(this.repeated(this.atom()));
    }
    return { kind: 'sequence', parts };
  }

  private repeated(part: PatternNode): PatternNode {
    const bounds = this.bounds();
    if (!bounds) return part;
    if (part.kind === 'start' || part.kind === 'end') throw new UnsupportedPattern('Nothing to repeat.');
    this.take('?');
    const [min, max] = bounds;
    if (min > max || min > MOST_REPEATS || (max !== Infinity && max > MOST_REPEATS)) {
      throw new UnsupportedPattern(`Repetitions are counted up to ${MOST_REPEATS}.`);
    }
    return { kind: 'repeat', part, min, max };
  }

  private bounds(): [number, number] | undefined {
    if (this.take('*')) return [0, Infinity];
    if (this.take('+')) return [1, Infinity];
    if (this.take('?')) return [0, 1];
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.text.slice(this.at, this.at + 12).join(''));
    if (!counted) return undefined;
    this.at += counted[0].length;
    const min = Number(counted[1]);
    if (counted[2] === undefined) return [min, min];
    return [min, counted[3] === '' ? Infinity : Number(counted[3])];
  }

  private atom(): PatternNode {
    const char = this.next();
    if (char === '^') return { kind: 'start' };
    if (char === '$') return { kind: 'end' };
    if (char === '.') return { kind: 'char', matches: not(newline) };
    if (char === '(') return this.group();
    if (char === '[') return { kind: 'char', matches: this.set() };
    if (char === '\\') {
      const escaped = this.escaped();
      return { kind: 'char', matches: typeof escaped === 'number' ? is(escaped) : escaped };
    }
    if ('*+?{}]'.includes(char))
      throw new UnsupportedPattern(`"${char}" stands where nothing can be repeated.`);
    return { kind: 'char', matches: is(char.codePointAt(0)!) };
  }

  private group(): PatternNode {
    if (this.take('?') && !this.take(':')) {
      throw new UnsupportedPattern('Groups are "(…)" or "(?:…)": nothing that looks around or has a name.');
    }
    const node = this.choice();
    if (!this.take(')')) throw new UnsupportedPattern('A parenthesis is not closed.');
    return node;
  }

  private set(): Matcher {
    const negated = this.take('^');
    const matchers: Matcher[] = [];
    while (!this.take(']')) {
      const low = this.member();
      if (this.text[this.at] === '-' && this.text[this.at + 1] !== ']') {
        this.at += 1;
        const high = this.member();
        if (typeof low !== 'number' || typeof high !== 'number' || low > high) {
          throw new UnsupportedPattern('A range needs two characters in order.');
        }
        matchers.push(between(low, high));
      } else matchers.push(typeof low === 'number' ? is(low) : low);
    }
    return negated ? not(anyOf(matchers)) : anyOf(matchers);
  }

  private member(): number | Matcher {
    const char = this.next();
    return char === '\\' ? this.escaped() : char.codePointAt(0)!;
  }

  private escaped(): number | Matcher {
    const char = this.next();
    if (CLASSES[char]) return CLASSES[char];
    if (CONTROLS[char] !== undefined) return CONTROLS[char];
    const hex = { x: /^[\da-f]{2}/i, u: /^[\da-f]{4}/i }[char];
    const digits = hex?.exec(this.text.slice(this.at, this.at + 4).join(''))?.[0];
    if (digits) {
      this.at += digits.length;
      return parseInt(digits, 16);
    }
    if (/[\^$\\.*+?()[\]{}|/-]/.test(char)) return char.codePointAt(0)!;
    throw new UnsupportedPattern(`"\\${char}" is not supported.`);
  }

  private next(): string {
    const char = this.text[this.at++];
    if (char === undefined) throw new UnsupportedPattern('The pattern ends too early.');
    return char;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at += 1;
    return true;
  }
}

const is =
  (expected: number): Matcher =>
  (point) =>
    point === expected;
