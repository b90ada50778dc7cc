import { Injectable } from '@nestjs/common';
import { storedForms } from '@percorso/delivery';
import { consentFor, type ProfileDocument } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';

/** What the reader says it will do with the rows. */
export interface Use {
  channel: string;
  purpose?: string;
}

export type LeftOutReason = 'consent' | 'suppression';
export type LeftOut = Record<LeftOutReason, number>;

/** Consent and suppression, looked up at the moment rows are written. */
@Injectable()
export class Eligibility {
  /** Of `documents`, who may not be addressed so, and why. */
  async leftOut(
    tx: Transaction,
    documents: Iterable<ProfileDocument>,
    use: Use | undefined,
  ): Promise<Map<number, LeftOutReason>> {
    const reasons = new Map<number, LeftOutReason>();
    if (!use) return reasons;
    const unknownAllowed = await this.unknownAllowed(tx);
    const asked: ProfileDocument[] = [];
    for (const document of documents) {
      const state = consentFor(document.consent, use.channel, use.purpose);
      if (state === 'granted' || (state === 'unknown' && unknownAllowed)) asked.push(document);
      else reasons.set(document.person, 'consent');
    }
    const suppressed = await this.suppressed(tx, use.channel, asked);
    for (const document of asked) {
      if (addressesOf(document).some((address) => suppressed.has(address)))
        reasons.set(document.person, 'suppression');
    }
    return reasons;
  }

  private async unknownAllowed(tx: Transaction): Promise<boolean> {
    const { rows } = await tx.query<{ settings: { unknownConsent?: string } }>(
      'SELECT settings FROM workspace WHERE id = $1',
      [tx.workspaceId],
    );
    return rows[0]?.settings.unknownConsent !== 'deny';
  }

  private async suppressed(
    tx: Transaction,
    channel: string,
    documents: ProfileDocument[],
  ): Promise<Set<string>> {
    const plain = await storedForms(tx, channel, documents.flatMap(addressesOf));
    const { rows } = await tx.query<{ address: string }>(
      'SELECT address FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = ANY($3)',
      [tx.workspaceId, channel, [...plain.keys()]],
    );
    return new Set(rows.map((row) => plain.get(row.address)!));
  }
}

// Any identity may be what the reader addresses: one of them suppressed is enough.
const addressesOf = (document: ProfileDocument): string[] => Object.values(document.identities).flat();
