import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { BadReceipt, BadSettings } from '../errors';
import type { DeclaredProof, SecretOf } from './declaration';
import { timeOf } from './declared-events';
import { evaluator, type Input } from './expression';
import type { Moment } from './moment';
import type { Settings } from './requester';

const TOLERANCE_SECONDS = 300;

/** Resolves where the receipt shows that the provider sent it. @throws BadReceipt, BadSettings; BadPayload where an expression fails */
export type Prove = (input: Input & { settings: Settings }, moment: Moment) => Promise<void>;

export function proofOf(proof: DeclaredProof, at: string): Prove {
  switch (proof.kind) {
    case 'hmac':
      return hmac(proof, at);
    case 'standard-webhooks':
      return hmac(standardWebhooks(proof), at);
    case 'shared-secret':
      return sharedSecret(proof, at);
    case 'none':
      return async () => undefined;
  }
}

type Hmac = Extract<DeclaredProof, { kind: 'hmac' }>;

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, its symmetric signatures. */
const standardWebhooks = ({
  secret,
  toleranceSeconds,
}: Extract<DeclaredProof, { kind: 'standard-webhooks' }>): Hmac => ({
  kind: 'hmac',
  secret,
  secretEncoding: 'base64',
  encoding: 'base64',
  given:
    "$split(request.headers.`webhook-signature`, ' ')[$contains($, /^v1,/)] ~> $map(function($v) { $substringAfter($v, ',') })",
  signed: "$join([request.headers.`webhook-id`, request.headers.`webhook-timestamp`, raw], '.')",
  time: 'request.headers.`webhook-timestamp`',
  toleranceSeconds,
});

function hmac(proof: Hmac, at: string): Prove {
  const { hash = 'sha256', encoding = 'hex', secretEncoding = 'utf8', toleranceSeconds } = proof;
  const given = evaluator(proof.given, `${at}/given`);
  const signed = evaluator(proof.signed ?? 'raw', `${at}/signed`);
  const time = proof.time === undefined ? undefined : evaluator(proof.time, `${at}/time`);
  return async (input, moment) => {
    const key = Buffer.from(secretOf(proof.secret, input.settings).replace(/^whsec_/, ''), secretEncoding);
    const expected = createHmac(hash, key)
      .update(String((await signed(input, moment)) ?? ''))
      .digest();
    const found = [await given(input, moment)].flat().map((one) => Buffer.from(String(one ?? ''), encoding));
    if (!found.some((one) => one.length === expected.length && timingSafeEqual(one, expected)))
      throw new BadReceipt('The signature is not made with the secret of the settings.');
    if (time) assertFresh(timeOf(await time(input, moment)), moment.at, toleranceSeconds);
  };
}

function assertFresh(time: Date | undefined, now: Date, toleranceSeconds = TOLERANCE_SECONDS): void {
  const age = Math.abs(now.getTime() - (time?.getTime() ?? NaN)) / 1000;
  if (!(age <= toleranceSeconds))
    throw new BadReceipt(`The receipt was not signed within the last ${toleranceSeconds} seconds.`);
}

function sharedSecret(proof: Extract<DeclaredProof, { kind: 'shared-secret' }>, at: string): Prove {
  const given = evaluator(proof.given, `${at}/given`);
  return async (input, moment) => {
    const found = await given(input, moment);
    if (!timingSafeEqual(digest(String(found ?? '')), digest(secretOf(proof.secret, input.settings))))
      throw new BadReceipt('The receipt does not hold the secret of the settings.');
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function secretOf({ setting }: SecretOf, settings: Settings): string {
  const secret = settings[setting];
  if (typeof secret !== 'string' || secret === '')
    throw new BadSettings(`/${setting}`, 'Without it no receipt can be believed.');
  return secret;
}
