import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem } from '@percorso/kernel';

const SHA512 = /^sha512-([A-Za-z0-9+/]{86}==)$/;

/** The tarball's hash as Subresource Integrity writes it, e.g. `sha512-…==`. */
export function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

/** Whether `text` names a sha512, alone or among others. */
export function sha512In(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return text.split(/\s+/).find((one) => SHA512.test(one));
}

/** @throws Problem 422 `integrity` unless the bytes are those that were promised. */
export function assertIntegrity(bytes: Buffer, promised: unknown): string {
  const expected = sha512In(promised);
  if (expected === undefined)
    throw integrityProblem('A sha512 in the form sha512-<base64> is needed; weaker hashes do not count.');
  const found = integrityOf(bytes);
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(found)))
    throw integrityProblem(`The tarball is not the promised one: its hash is ${found}.`);
  return found;
}

const integrityProblem = (detail: string): Problem =>
  new Problem({ status: 422, code: 'integrity', title: 'The package cannot be trusted', detail });
