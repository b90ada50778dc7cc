import { Normalization } from './namespace';

const MAX_LENGTH = 512;
const E164 = /^\+[1-9]\d{6,14}$/;
// PostgreSQL stores neither; a value with one of them could never be found again.
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** The one form under which an identity is known, or undefined when the value identifies nobody. */
export function normalizeIdentity(value: unknown, normalization: Normalization): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim();
  if (text === '' || text.length > MAX_LENGTH || UNSTORABLE.test(text)) return undefined;
  if (normalization === 'lowercase') return text.toLowerCase();
  if (normalization === 'e164') {
    const digits = text.replace(/[\s().\-/]/g, '').replace(/^00/, '+');
    return E164.test(digits) ? digits : undefined;
  }
  return text;
}
