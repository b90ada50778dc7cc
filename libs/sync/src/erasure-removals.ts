import { Inject, Injectable, Logger } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { DeliveryWaker, recordEffects } from '@percorso/delivery';
import { CLOCK, type Clock, describeError } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { effectKey } from './effect-news';
import { lastEffects } from './last-effects';
import { type Change, planRow } from './plan-row';
import { lockSync } from './usage.store';

/** Taken up in one look. */
const MOST = 500;

interface Left extends Change {
  syncId: string;
  connectorId: string;
}

/** Tells targets at once, by no run, to remove who was erased: in every mode, wherever the plugin can remove. */
@Injectable()
export class ErasureRemovals {
  private readonly logger = new Logger(ErasureRemovals.name);

  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly waker: DeliveryWaker,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async look(workspaceId: string): Promise<void> {
    const left = await this.database.tx(workspaceId, (tx) => untold(tx));
    for (const syncId of new Set(left.map((one) => one.syncId))) {
      const ofSync = left.filter((one) => one.syncId === syncId);
      try {
        await this.tell(workspaceId, syncId, ofSync);
      } catch (error) {
        // It stays untold; the others do not wait for it.
        this.logger.error(`Removals of sync ${syncId} could not be planned: ${describeError(error)}`);
      }
    }
  }

  private async tell(workspaceId: string, syncId: string, left: readonly Left[]): Promise<void> {
    const { connectorId } = left[0]!;
    const connector = await this.connectors.describe(workspaceId, connectorId);
    await this.database.tx(workspaceId, async (tx) => {
      // Whoever plans this sync holds its row: what is recorded meanwhile is seen.
      await lockSync(tx, syncId);
      const persons = left.map(({ person }) => person);
      const reached = await lastEffects(tx, syncId, persons);
      const effects = left.map((change) => ({
        key: effectKey(syncId, change, undefined, 0),
        syncId,
        connectorId,
        person: change.person,
        profileId: change.profileId,
        membershipVersion: String(change.version),
        changedAt: change.since,
        ...planRow(change, undefined, [], connector, reached.get(change.person)),
      }));
      await recordEffects(tx, effects, this.clock.now());
    });
    await this.waker.wake(workspaceId, connectorId);
  }
}

/** Who was erased, was told by a sync, and whose leaving was not. */
async function untold(tx: Transaction): Promise<Left[]> {
  const { rows } = await tx.query<Left>(
    `SELECT s.id AS "syncId", s.connector_id AS "connectorId", m.person, m.profile_id AS "profileId", 'exit' AS op,
       m.version::int AS version, m.since, true AS erased
     FROM erasure r CROSS JOIN LATERAL unnest(r.persons) AS p (person)
     JOIN sync s ON s.workspace_id = r.workspace_id
     JOIN membership m ON m.workspace_id = r.workspace_id AND m.audience_id = s.audience_id AND m.person = p.person
     WHERE r.workspace_id = $1 AND r.done_at IS NULL AND NOT m.member
       AND (SELECT max(e.membership_version) FROM effect e
         WHERE e.workspace_id = $1 AND e.sync_id = s.id AND e.person = m.person) < m.version
     ORDER BY s.id, m.person LIMIT $2`,
    [tx.workspaceId, MOST],
  );
  return rows;
}
