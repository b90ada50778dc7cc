import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { documentOf, ProfileDocument } from './profile-document';
import { loadProfileRows } from './profile-rows.store';

/** Reads profiles for what is built on them: mappings, exports, syncs. */
@Injectable()
export class ProfileReader {
  /** Documents of `persons`; those merged away, erased or unknown are absent. */
  async documents(tx: Transaction, persons: readonly number[]): Promise<Map<number, ProfileDocument>> {
    const documents = new Map<number, ProfileDocument>();
    if (persons.length === 0) return documents;
    const { profiles, identities, seen } = await loadProfileRows(tx, persons);
    for (const [person, profile] of profiles) {
      const times = seen.get(person);
      if (times) documents.set(person, documentOf(profile, identities.get(person) ?? [], times));
    }
    return documents;
  }
}
