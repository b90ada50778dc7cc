import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';

/** Profiles that enter while a journey is tested. */
@Injectable()
export class TestMarkStore {
  /** These and no others. @returns those that are no profiles of the workspace; nothing is changed then */
  async replace(
    tx: Transaction,
    journeyId: string,
    profiles: readonly string[],
    speed: number,
  ): Promise<Set<string>> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM unnest($2::uuid[]) AS given (id)
       EXCEPT SELECT id FROM profile WHERE workspace_id = $1 AND id = ANY($2::uuid[]) AND state = 'active'`,
      [tx.workspaceId, profiles],
    );
    if (rows.length > 0) return new Set(rows.map(({ id }) => id));
    await this.clear(tx, journeyId);
    await tx.query(
      `INSERT INTO journey_test_profile (workspace_id, journey_id, profile_id, speed)
       SELECT $1, $2, id, $4 FROM unnest($3::uuid[]) AS given (id) ON CONFLICT DO NOTHING`,
      [tx.workspaceId, journeyId, profiles, speed],
    );
    return new Set();
  }

  async clear(tx: Transaction, journeyId: string): Promise<void> {
    await tx.query('DELETE FROM journey_test_profile WHERE workspace_id = $1 AND journey_id = $2', [
      tx.workspaceId,
      journeyId,
    ]);
  }
}
