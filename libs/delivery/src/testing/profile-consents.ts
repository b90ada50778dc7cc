import type { Transaction } from '@percorso/storage';
import { ConsentSource, type ConsentState } from '../consent-source';

/** Reads the plain shape {channel: state} that specs put into profile.consent. */
export class ProfileConsents extends ConsentSource {
  async consents(tx: Transaction, persons: number[], channel: string): Promise<Map<number, ConsentState>> {
    const { rows } = await tx.query<{ person: number; state: ConsentState }>(
      `SELECT person, coalesce(consent->>$3, 'unknown') AS state FROM profile
       WHERE workspace_id = $1 AND person = ANY($2::int[]) AND state = 'active'`,
      [tx.workspaceId, persons, channel],
    );
    return new Map(rows.map((row) => [row.person, row.state]));
  }
}
