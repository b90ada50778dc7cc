import { type Token, type TokenKind, tokensOf } from './token';

/** The text does not follow the grammar from here on. */
export class SyntaxMistake extends Error {
  constructor(
    readonly at: number,
    message: string,
  ) {
    super(message);
  }
}

/** Reads tokens one by one, and remembers where in the text each piece of JSON came from. */
export class Cursor {
  private readonly tokens: Token[];
  private index = 0;
  private readonly places = new WeakMap<object, number>();

  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  get next(): Token {
    return this.ahead(0);
  }

  ahead(count: number): Token {
    const last = this.tokens.length - 1;
    return this.tokens[Math.min(this.index + count, last)] as Token;
  }

  take(): Token {
    const token = this.next;
    this.index += 1;
    return token;
  }

  /** Whether the next token is this word or sign. */
  sees(text: string): boolean {
    const { next } = this;
    return next.text === text && (next.kind === 'word' || next.kind === 'sign');
  }

  /** Take this word or sign if it is next. */
  skips(text: string): boolean {
    const seen = this.sees(text);
    if (seen) this.index += 1;
    return seen;
  }

  /** @throws SyntaxMistake */
  expect(text: string): void {
    if (!this.skips(text)) this.fail(`expected ${text}`);
  }

  /** @throws SyntaxMistake */
  expectKind(kind: TokenKind, wanted: string): string {
    return this.next.kind === kind ? this.take().text : this.fail(`expected ${wanted}`);
  }

  /** The one of `words` that is next. @throws SyntaxMistake */
  expectOne<T extends string>(words: readonly T[], wanted: string): T {
    return words.find((word) => this.skips(word)) ?? this.fail(`expected ${wanted}`);
  }

  /** @throws SyntaxMistake */
  string(wanted: string): string {
    const { at } = this.next;
    const text = this.expectKind('string', wanted);
    try {
      return JSON.parse(text) as string;
    } catch {
      throw new SyntaxMistake(at, 'is no JSON string: check its backslashes');
    }
  }

  /** The rest of a list that is separated by commas, up to and with its closing sign. */
  list<T>(item: () => T, close: string): T[] {
    const items = [item()];
    while (this.skips(',')) items.push(item());
    this.expect(close);
    return items;
  }

  /** What `read` reads, remembered to start here, or at `at`. */
  placed<T extends object>(read: () => T, at = this.next.at): T {
    const json = read();
    if (!this.places.has(json)) this.places.set(json, at);
    return json;
  }

  placeOf(json: object): number | undefined {
    return this.places.get(json);
  }

  fail(wanted: string): never {
    const { kind, text, at } = this.next;
    throw new SyntaxMistake(at, kind === 'end' ? `${wanted}, but the text ends` : `${wanted}, not ${text}`);
  }
}
