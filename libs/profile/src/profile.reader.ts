import { Injectable } from '@nestjs/common';
import { Transaction } from '@percorso/storage';
import { Consent, plainConsent } from './consent';
import { ComputedValues, flatTraits, OWN_TRAITS } from './computed-values';
import { FlatValues } from './flatten';
import { accountValues } from './group-account.store';
import { documentOf, ProfileDocument, ProfileRow } from './profile-document';
import { loadProfileRows } from './profile-rows.store';

/** A live profile as conditions see it. */
export interface ProfileValues {
  id: string;
  person: number;
  /** Rises with every change that a reader can see. */
  version: number;
  /** As ClickHouse sees them. */
  traits: FlatValues;
  consent: Consent;
  /** Empty unless asked for. */
  identities: { namespace: string; value: string }[];
  /** Traits of each group account it belongs to. Empty unless asked for. */
  accounts: FlatValues[];
  /** Ids of these accounts, in the same order. */
  groups: string[];
}

/** What to read of profiles beside themselves. */
export interface Wanted {
  identities?: boolean;
  accounts?: boolean;
}

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

  /** What conditions look at of `persons`; those merged away, erased or unknown are absent. */
  async values(
    tx: Transaction,
    persons: readonly number[],
    wanted: Wanted,
  ): Promise<Map<number, ProfileValues>> {
    const reading = tx.query<ProfileRow & { computed: ComputedValues }>(
      `SELECT id, person, version, ${OWN_TRAITS}, computed, consent, groups FROM profile
       WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
      [tx.workspaceId, persons],
    );
    const naming = wanted.identities
      ? tx.query<{ person: number; namespace: string; value: string }>(
          'SELECT person, namespace, value FROM identity_node WHERE workspace_id = $1 AND person = ANY($2::int[])',
          [tx.workspaceId, persons],
        )
      : undefined;
    const [{ rows }, named] = await Promise.all([reading, naming]);
    const values = new Map<number, ProfileValues>();
    const accounts = await accountValues(tx, wanted.accounts ? rows.flatMap((row) => row.groups) : []);
    for (const { id, person, version, traits, computed, consent, groups } of rows) {
      const known = groups.filter((group) => accounts.has(group));
      values.set(person, {
        id,
        person,
        version: Number(version),
        traits: flatTraits(traits, computed),
        consent: plainConsent(consent),
        identities: [],
        accounts: known.map((group) => accounts.get(group)!),
        groups: known,
      });
    }
    for (const { person, namespace, value } of named?.rows ?? []) {
      values.get(person)?.identities.push({ namespace, value });
    }
    return values;
  }
}
