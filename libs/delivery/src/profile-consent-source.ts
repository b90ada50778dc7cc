import { Injectable } from '@nestjs/common';
import { consentFor, ProfileReader } from '@percorso/profile';
import type { Transaction } from '@percorso/storage';
import { ConsentSource, type ConsentState } from './consent-source';

/** Consent as the profiles state it now. */
@Injectable()
export class ProfileConsentSource extends ConsentSource {
  constructor(private readonly profiles: ProfileReader) {
    super();
  }

  async consents(tx: Transaction, persons: number[], channel: string): Promise<Map<number, ConsentState>> {
    const documents = await this.profiles.documents(tx, persons);
    return new Map(
      [...documents].map(([person, document]) => [person, consentFor(document.consent, channel)]),
    );
  }
}
