import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type KeyKind = 'api' | 'write';

const PREFIX: Record<KeyKind, string> = { api: 'pk', write: 'pw' };
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 256 bits in base 62. */
const SECRET_LENGTH = 43;
const FORM = /^(pk|pw)_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})_[0-9A-Za-z]{43}$/;

/** 256 random bits as 43 letters and digits: selected by one double click, found by secret scanners. */
export function newSecret(): string {
  let value = BigInt(`0x${randomBytes(32).toString('hex')}`);
  let text = '';
  for (let i = 0; i < SECRET_LENGTH; i++) {
    text += ALPHABET[Number(value % 62n)];
    value /= 62n;
  }
  return text;
}

/** `pk_<id>_<secret>` for API keys, `pw_<id>_<secret>` for write keys; the id without its dashes. */
export const newKey = (kind: KeyKind, id: string): string =>
  `${PREFIX[kind]}_${id.replaceAll('-', '')}_${newSecret()}`;

export interface PresentedKey {
  kind: KeyKind;
  id: string;
}

/** Kind and id of a presented key; undefined for what cannot be one. */
export function parseKey(presented: string): PresentedKey | undefined {
  const match = FORM.exec(presented);
  if (!match) return undefined;
  return { kind: match[1] === 'pk' ? 'api' : 'write', id: match.slice(2, 7).join('-') };
}

/** A fast hash suffices: there are 256 random bits to guess. */
export const hashKey = (presented: string): Buffer => createHash('sha256').update(presented).digest();

/** Compares in constant time, whatever the lengths. */
export const sameKey = (presented: string, hash: Buffer): boolean =>
  timingSafeEqual(hashKey(presented), hash);
