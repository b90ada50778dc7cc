const NUL = '\\u0000';

/**
 * JSON text that PostgreSQL takes: what expressions and providers give may hold NUL or half a surrogate pair, which no
 * part of the hub can keep. They become U+FFFD.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Well-formed text escapes exactly these two, and what is quoted as such text itself.
  if (!text.includes(NUL) && !/\\ud[89a-f]/.test(text)) return text;
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return cleaned(inner);
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, one]) => [cleaned(name), one as unknown]));
  });
}

const cleaned = (text: string): string =>
  text.replace(/\p{Surrogate}/gu, '\uFFFD').replaceAll('\u0000', '\uFFFD');
