import type { Transaction } from '@percorso/storage';
import { ConsentSource } from './consent-source';
import type { Reason } from './effect';
import { type Candidate, livingPersons } from './effect.store';
import type { Lane } from './provider-gateway';
import { comparableAddress, suppressedAmong } from './suppression.store';

/** The last look before a call: which effects may no longer go out, and why. */
export async function findForbidden(
  tx: Transaction,
  lane: Lane,
  candidates: Candidate[],
  consentSource: ConsentSource,
): Promise<Map<string, Reason>> {
  const forbidden = new Map<string, Reason>();
  const persons = candidates.map((one) => one.person);
  const [first] = candidates;
  // A removal goes out whatever was said: it only takes data away.
  if (!first || first.operation === 'remove') return forbidden;
  // Nobody is written to by a call.
  if (lane.kind !== 'messaging' || first.operation === 'call') {
    const living = await livingPersons(tx, persons);
    for (const one of candidates) if (!living.has(one.person)) forbidden.set(one.id, GONE);
    return forbidden;
  }
  const channel = first.channel ?? lane.channel ?? 'email';
  const suppressed = await suppressedAmong(
    tx,
    channel,
    candidates.flatMap((one) => one.address ?? []),
  );
  const consents = await consentSource.consents(tx, persons, channel);
  const unknownAllowed = await allowsUnknown(tx);
  for (const one of candidates) {
    const reason = suppressed.get(comparableAddress(channel, one.address ?? ''));
    const consent = consents.get(one.person);
    if (reason) forbidden.set(one.id, { code: reason, reason: `The address is suppressed on ${channel}.` });
    else if (consent === undefined) forbidden.set(one.id, GONE);
    else if (consent === 'denied') {
      forbidden.set(one.id, { code: 'consent-denied', reason: `Consent for ${channel} is denied.` });
    } else if (consent === 'unknown' && !unknownAllowed) {
      forbidden.set(one.id, {
        code: 'consent-unknown',
        reason: `Consent for ${channel} is not known and the workspace denies unknown consent.`,
      });
    }
  }
  return forbidden;
}

const GONE: Reason = { code: 'profile-gone', reason: 'The profile was erased or merged into another.' };

async function allowsUnknown(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.query<{ policy: string | null }>(
    `SELECT settings->>'unknownConsent' AS policy FROM workspace WHERE id = $1`,
    [tx.workspaceId],
  );
  return rows[0]?.policy === 'allow';
}
