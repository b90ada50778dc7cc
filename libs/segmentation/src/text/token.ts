export type TokenKind = 'string' | 'date' | 'duration' | 'number' | 'word' | 'sign' | 'end' | 'unknown';

export interface Token {
  kind: TokenKind;
  text: string;
  /** Where it starts, in UTF-16 units. */
  at: number;
}

const PATTERN = new RegExp(
  [
    /(?<space>\s+)/,
    /(?<string>"(?:[^"\\\n]|\\.)*")/,
    /(?<date>\d{4}-\d{2}-\d{2}(?:T[\d:.]*(?:Z|[+-]\d{2}:\d{2})?)?)/,
    /(?<duration>\d+[smhdw](?![A-Za-z0-9_]))/,
    /(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/,
    /(?<word>[A-Za-z_][A-Za-z0-9_]*)/,
    /(?<sign>!=|>=|<=|[()[\],.=<>%])/,
    /(?<unknown>.)/su,
  ]
    .map(({ source }) => source)
    .join('|'),
  'gsu',
);

/** The tokens of a text, an end token last. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(PATTERN)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, found]) => found !== undefined) ?? ['unknown'];
    if (kind !== 'space') tokens.push({ kind: kind as TokenKind, text: match[0], at: match.index });
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}
