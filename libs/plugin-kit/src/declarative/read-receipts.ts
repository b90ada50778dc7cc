import type { DeclaredProof } from './declaration';
import type { Reader } from './reader';

type Kind = DeclaredProof['kind'];

const KEYS: Record<Kind, string[]> = {
  hmac: 'secret secretEncoding hash encoding given signed time toleranceSeconds'.split(' '),
  'standard-webhooks': ['secret', 'toleranceSeconds'],
  'shared-secret': ['secret', 'given'],
  none: [],
};
const CHOICES: Record<string, string[]> = {
  secretEncoding: ['utf8', 'base64', 'hex'],
  hash: ['sha1', 'sha256', 'sha512'],
  encoding: ['hex', 'base64', 'base64url'],
};

/** `settings` are the declared ones: a secret is one of them. */
export function readReceipts(reader: Reader, given: unknown, at: string, settings: unknown): void {
  const receipts = reader.object(given, at, ['proof', 'type', 'events']);
  if (!receipts) return;
  if (receipts['type'] !== undefined) reader.oneOf(receipts['type'], `${at}/type`, ['json', 'form']);
  reader.expression(receipts['events'], `${at}/events`);
  readProof(reader, receipts['proof'], `${at}/proof`, settings);
}

function readProof(reader: Reader, given: unknown, at: string, settings: unknown): void {
  const proof = reader.object(given, at);
  if (!proof || !reader.oneOf(proof['kind'], `${at}/kind`, Object.keys(KEYS))) return;
  const kind = proof['kind'] as Kind;
  reader.object(proof, at, ['kind', ...KEYS[kind]]);
  if (kind === 'none') return;
  readSecret(reader, proof['secret'], `${at}/secret`, settings);
  if (kind !== 'standard-webhooks') reader.expression(proof['given'], `${at}/given`);
  for (const name of ['signed', 'time'])
    if (proof[name] !== undefined) reader.expression(proof[name], `${at}/${name}`);
  for (const [name, allowed] of Object.entries(CHOICES))
    if (proof[name] !== undefined) reader.oneOf(proof[name], `${at}/${name}`, allowed);
  if (proof['toleranceSeconds'] !== undefined)
    reader.number(proof['toleranceSeconds'], `${at}/toleranceSeconds`, 1);
}

function readSecret(reader: Reader, given: unknown, at: string, settings: unknown): void {
  const name = reader.object(given, at, ['setting'])?.['setting'];
  const setting = (settings as Record<string, { secret?: unknown } | undefined> | undefined)?.[String(name)];
  if (setting?.secret !== true) reader.wrong(`${at}/setting`, 'must name a setting that is secret');
}
