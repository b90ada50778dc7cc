import { Injectable } from '@nestjs/common';
import type { AudienceUser } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';

/** Which syncs an audience has: their targets would keep its last members for good. */
@Injectable()
export class SyncedAudiences implements AudienceUser {
  async usersOf(tx: Transaction, audienceId: string): Promise<string[]> {
    const { rows } = await tx.query<{ id: string; name: string }>(
      `SELECT id, name FROM sync WHERE workspace_id = $1 AND audience_id = $2 AND state = 'active' ORDER BY id`,
      [tx.workspaceId, audienceId],
    );
    return rows.map(({ id, name }) => `sync "${name}" (${id})`);
  }
}
