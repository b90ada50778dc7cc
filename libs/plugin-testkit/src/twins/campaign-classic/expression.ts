import { DataError } from './soap-fault';
import { parseTime } from './column-value';

/** A condition of a query, parsed. */
export type Expression =
  | { kind: 'path'; path: string }
  | { kind: 'literal'; type: 'number' | 'string' | 'time' | 'now'; value: string }
  | { kind: 'compare'; operator: string; left: Expression; right: Expression }
  | { kind: 'in'; operand: Expression; list: Expression[] }
  | { kind: 'isNull'; operand: Expression }
  | { kind: 'not'; operand: Expression }
  | { kind: 'and' | 'or'; left: Expression; right: Expression };

interface Token {
  kind: 'word' | 'path' | 'number' | 'string' | 'time' | 'symbol';
  text: string;
}

const TOKENS: Array<[Token['kind'] | 'space', RegExp]> = [
  ['space', /^\s+/],
  ['path', /^\[[^\]]*\]/],
  ['path', /^(?:[A-Za-z_][\w-]*\/)*@[A-Za-z_][\w-]*/],
  ['time', /^#[^#]*#/],
  ['string', /^'(?:[^'\\]|\\.)*'/],
  ['number', /^-?\d+(?:\.\d+)?/],
  ['word', /^[A-Za-z_]\w*(?:\(\))?/],
  ['symbol', /^(?:<>|!=|>=|<=|=|<|>|\(|\)|,)/],
];

/** Parses `@status = 2 AND [recipient/@email] LIKE '%@example.test'`. */
export function parseExpression(text: string): Expression {
  const parser = new Parser(text, tokenize(text));
  return parser.whole();
}

/** `[recipient/@email]` or `@id` as `recipient/@email` or `id`. */
export function parsePath(text: string): string {
  const inner = text
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .trim();
  if (!/^(?:[A-Za-z_][\w-]*\/)*@[A-Za-z_][\w-]*$/.test(inner))
    throw new DataError(`Unable to parse expression '${text}'`);
  return inner.replace(/^@/, '');
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  for (let rest = text; rest !== '';) {
    const hit = TOKENS.map(([kind, pattern]) => ({ kind, match: pattern.exec(rest)?.[0] })).find(
      (one) => one.match,
    );
    if (!hit?.match) throw new DataError(`Unable to parse expression '${text}'`);
    if (hit.kind !== 'space') tokens.push({ kind: hit.kind, text: hit.match });
    rest = rest.slice(hit.match.length);
  }
  return tokens;
}

class Parser {
  private at = 0;

  constructor(
    private readonly source: string,
    private readonly tokens: Token[],
  ) {}

  whole(): Expression {
    const expression = this.or();
    if (this.at < this.tokens.length) this.refuse();
    return expression;
  }

  private or(): Expression {
    let left = this.and();
    while (this.takeWord('OR')) left = { kind: 'or', left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.takeWord('AND')) left = { kind: 'and', left, right: this.not() };
    return left;
  }

  private not(): Expression {
    return this.takeWord('NOT') ? { kind: 'not', operand: this.not() } : this.predicate();
  }

  private predicate(): Expression {
    if (this.takeSymbol('(')) {
      const inner = this.or();
      if (!this.takeSymbol(')')) this.refuse();
      return inner;
    }
    const left = this.operand();
    const symbol = ['=', '<>', '!=', '>=', '<=', '<', '>'].find((one) => this.takeSymbol(one));
    if (symbol)
      return { kind: 'compare', operator: symbol === '!=' ? '<>' : symbol, left, right: this.operand() };
    if (this.takeWord('IS')) {
      const negated = this.takeWord('NOT');
      if (!this.takeWord('NULL')) this.refuse();
      return negate(negated, { kind: 'isNull', operand: left });
    }
    const negated = this.takeWord('NOT');
    if (this.takeWord('LIKE'))
      return negate(negated, { kind: 'compare', operator: 'LIKE', left, right: this.operand() });
    if (this.takeWord('IN')) return negate(negated, { kind: 'in', operand: left, list: this.list() });
    return this.refuse();
  }

  private list(): Expression[] {
    if (!this.takeSymbol('(')) this.refuse();
    const list = [this.operand()];
    while (this.takeSymbol(',')) list.push(this.operand());
    if (!this.takeSymbol(')')) this.refuse();
    return list;
  }

  private operand(): Expression {
    const token = this.tokens[this.at++];
    switch (token?.kind) {
      case 'path':
        return { kind: 'path', path: parsePath(token.text) };
      case 'number':
        return { kind: 'literal', type: 'number', value: token.text };
      case 'string':
        return { kind: 'literal', type: 'string', value: token.text.slice(1, -1).replace(/\\(.)/g, '$1') };
      case 'time':
        return { kind: 'literal', type: 'time', value: parseTime(token.text.slice(1, -1)) ?? this.refuse() };
      case 'word':
        if (token.text.toLowerCase() === 'getdate()') return { kind: 'literal', type: 'now', value: '' };
        return this.refuse();
      default:
        return this.refuse();
    }
  }

  private takeWord(word: string): boolean {
    const token = this.tokens[this.at];
    const hit = token?.kind === 'word' && token.text.toUpperCase() === word;
    if (hit) this.at += 1;
    return hit;
  }

  private takeSymbol(symbol: string): boolean {
    const token = this.tokens[this.at];
    const hit = token?.kind === 'symbol' && token.text === symbol;
    if (hit) this.at += 1;
    return hit;
  }

  private refuse(): never {
    throw new DataError(`Unable to parse expression '${this.source}'`);
  }
}

function negate(negated: boolean, operand: Expression): Expression {
  return negated ? { kind: 'not', operand } : operand;
}
