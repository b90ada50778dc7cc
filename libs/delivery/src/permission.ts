import type { Transaction } from '@percorso/storage';
import { ConsentSource, type ConsentState } from './consent-source';
import type { Reason } from './effect';
import { type Candidate, livingPersons } from './effect.store';
import type { Lane } from './provider-gateway';
import { comparableAddress, suppressedAmong, type SuppressionReason } from './suppression.store';

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
    const suppression = suppressed.get(comparableAddress(channel, one.address ?? ''));
    const reason = forbids({
      channel,
      suppressed: suppression?.reason,
      consent: consents.get(one.person),
      unknownAllowed,
    });
    if (reason) forbidden.set(one.id, reason);
  }
  return forbidden;
}

/** What decides whether a person may be written to. */
export interface Permission {
  channel: string;
  /** Of the address. */
  suppressed?: SuppressionReason;
  /** Undefined: there is no such profile. */
  consent: ConsentState | undefined;
  /** Whether the workspace writes to those who never said anything. */
  unknownAllowed: boolean;
}

/** Why nothing may be sent; undefined: it may. */
export function forbids({ channel, suppressed, consent, unknownAllowed }: Permission): Reason | undefined {
  if (suppressed) return { code: suppressed, reason: `The address is suppressed on ${channel}.` };
  if (consent === undefined) return GONE;
  if (consent === 'denied') return { code: 'consent-denied', reason: `Consent for ${channel} is denied.` };
  if (consent === 'granted' || unknownAllowed) return undefined;
  return {
    code: 'consent-unknown',
    reason: `Consent for ${channel} is not known and the workspace denies unknown consent.`,
  };
}

const GONE: Reason = { code: 'profile-gone', reason: 'The profile was erased or merged into another.' };

/** Whether the workspace writes to those who never said anything. */
export async function allowsUnknown(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.query<{ policy: string | null }>(
    `SELECT settings->>'unknownConsent' AS policy FROM workspace WHERE id = $1`,
    [tx.workspaceId],
  );
  return rows[0]?.policy === 'allow';
}
