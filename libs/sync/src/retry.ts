import { Inject, Injectable } from '@nestjs/common';
import { ConnectorRuntime } from '@percorso/connector';
import { DeliveryWaker, reopenEffects } from '@percorso/delivery';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { findCurrentVersion } from './mapping.store';
import type { Change } from './plan-row';
import { Replanner } from './replanner';
import type { RunRow } from './run.store';
import { defaultMode } from './sync-mode';
import { UsageCheck } from './usage-check';

const PAGE = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';

interface DeadRow extends Change {
  id: string;
}

/** Opens rejected and dropped rows of a run again, with what the newest mapping makes of the profile as it is now. */
@Injectable()
export class Retry {
  constructor(
    private readonly database: Database,
    private readonly connectors: ConnectorRuntime,
    private readonly replanner: Replanner,
    private readonly waker: DeliveryWaker,
    private readonly usage: UsageCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async retry(workspaceId: string, run: RunRow): Promise<void> {
    if (run.state === 'planning') throw Problem.conflict('run-open', 'The run is still being planned.');
    const connector = await this.connectors.describe(workspaceId, run.connectorId);
    const entry = await this.database.tx(workspaceId, (tx) => findCurrentVersion(tx, run.mappingId));
    if (!entry) throw Problem.notFound('Mapping');
    await this.assertAllowed(workspaceId, run, entry.expression);
    const scope = { ...run, mode: run.mode ?? defaultMode(connector), mappings: { entry }, connector };
    for (let after = FIRST; ;) {
      const rows = await this.database.tx(workspaceId, (tx) => deadEntries(tx, run.id, after));
      if (rows.length === 0) break;
      const now = this.clock.now();
      const plans = await this.replanner.plan(workspaceId, scope, rows, now);
      await this.database.tx(workspaceId, async (tx) => {
        const effects = rows.map((row) => ({
          id: row.id,
          ...plans.get(row)!,
          mappingVersion: entry.version,
        }));
        await reopenEffects(tx, effects, now);
        await reopenRun(tx, run);
      });
      after = rows.at(-1)!.id;
    }
    await this.waker.wake(workspaceId, run.connectorId);
  }

  private async assertAllowed(workspaceId: string, run: RunRow, expression: string): Promise<void> {
    const used = [{ expression, pointer: '/mapping' }];
    await this.usage.prepare(used);
    const { violations } = await this.database.tx(workspaceId, (tx) => this.usage.check(tx, run, used));
    if (violations.length > 0) throw usageProblem(violations, 409);
  }
}

/** Entries that ended badly; an exit that did stays as it is, its member is gone from the audience either way. */
async function deadEntries(tx: Transaction, runId: string, afterId: string): Promise<DeadRow[]> {
  const { rows } = await tx.query<DeadRow>(
    `SELECT e.id, e.person, e.profile_id AS "profileId", 'enter' AS op, e.membership_version::int AS version, m.since
     FROM effect e
     JOIN sync s ON s.workspace_id = e.workspace_id AND s.id = e.sync_id
     JOIN membership m ON m.workspace_id = e.workspace_id AND m.audience_id = s.audience_id AND m.person = e.person
     WHERE e.workspace_id = $1 AND e.run_id = $2 AND e.state IN ('rejected', 'dropped') AND e.id > $3::uuid
       AND m.member AND m.version = e.membership_version
       AND (SELECT 1 FROM effect n WHERE n.workspace_id = e.workspace_id AND n.sync_id = e.sync_id AND n.person = e.person
         AND n.membership_version = e.membership_version AND n.revision > e.revision LIMIT 1) IS NULL
     ORDER BY e.id LIMIT $4`,
    [tx.workspaceId, runId, afterId, PAGE],
  );
  return rows;
}

async function reopenRun(tx: Transaction, run: RunRow): Promise<void> {
  const { rowCount } = await tx.query(
    `UPDATE sync_run r SET state = 'delivering', ended_at = NULL WHERE workspace_id = $1 AND id = $2 AND NOT EXISTS (
       SELECT 1 FROM sync_run o WHERE o.workspace_id = r.workspace_id AND o.sync_id = r.sync_id AND o.id <> r.id
         AND o.state IN ('planning', 'delivering'))`,
    [tx.workspaceId, run.id],
  );
  if (rowCount === 0) throw Problem.conflict('run-open', 'Another run of this sync is not finished.');
}
