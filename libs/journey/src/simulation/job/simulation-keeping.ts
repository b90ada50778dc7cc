import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { JOURNEY_KEEPING, type JourneyKeeping } from '../../runtime/care/journey-housekeeping';

const DAY_MS = 86_400_000;
/** Days that what a simulation found of persons is kept. */
export const SIMULATED_DAYS = 30;
/** Rows of one transaction. */
const PAGE = 1000;

const OF_PERSONS = ['message', 'instance', 'refusal'].map((name) => `journey_simulation_${name}`);
const COUNTS = ['count', 'day'].map((name) => `journey_simulation_${name}`);

interface Old {
  id: string;
  /** Nothing of it is kept, its report neither. */
  whole: boolean;
}

/** Clears what is no longer kept of simulations, page by page. */
@Injectable()
export class SimulationKeeping {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(JOURNEY_KEEPING) private readonly keeping: JourneyKeeping,
  ) {}

  /** @returns how many rows were cleared */
  async turn(workspaceId: string, stopping: () => boolean): Promise<number> {
    let cleared = 0;
    await this.database.statement(
      workspaceId,
      `UPDATE journey_simulation s SET state = 'cancelled', ended_at = $2 FROM journey j
       WHERE s.workspace_id = $1 AND s.ended_at IS NULL AND j.workspace_id = $1 AND j.id = s.journey_id
         AND j.deleted_at IS NOT NULL`,
      [workspaceId, this.clock.now()],
    );
    for (let old = await this.oldest(workspaceId); old && !stopping(); old = await this.oldest(workspaceId)) {
      const { id, whole } = old;
      const tables = whole ? [...OF_PERSONS, ...COUNTS] : OF_PERSONS;
      for (const table of tables) {
        for (let done = PAGE; done === PAGE && !stopping(); cleared += done) {
          done = await this.clear(workspaceId, table, id);
        }
      }
      if (stopping()) return cleared;
      await this.database.statement(
        workspaceId,
        whole
          ? 'DELETE FROM journey_simulation WHERE workspace_id = $1 AND id = $2 AND $3::timestamptz IS NOT NULL'
          : 'UPDATE journey_simulation SET cleared_at = $3 WHERE workspace_id = $1 AND id = $2',
        [workspaceId, id, this.clock.now()],
      );
    }
    return cleared;
  }

  private async oldest(workspaceId: string): Promise<Old | undefined> {
    const now = this.clock.now().getTime();
    const [row] = await this.database.statement<Old & Record<string, unknown>>(
      workspaceId,
      `SELECT s.id, s.deleted_at IS NOT NULL OR j.deleted_at IS NOT NULL OR s.ended_at < $2 AS whole
       FROM journey_simulation s JOIN journey j ON j.workspace_id = s.workspace_id AND j.id = s.journey_id
       WHERE s.workspace_id = $1 AND s.ended_at IS NOT NULL AND (s.deleted_at IS NOT NULL OR j.deleted_at IS NOT NULL OR s.ended_at < $2
         OR s.ended_at < $3 AND s.cleared_at IS NULL) ORDER BY s.id LIMIT 1`,
      [
        workspaceId,
        new Date(now - this.keeping.days * DAY_MS),
        new Date(now - Math.min(SIMULATED_DAYS, this.keeping.days) * DAY_MS),
      ],
    );
    return row;
  }

  private async clear(workspaceId: string, table: string, id: string): Promise<number> {
    const rows = await this.database.statement(
      workspaceId,
      `DELETE FROM ${table} WHERE workspace_id = $1 AND ctid = ANY(ARRAY(
         SELECT ctid FROM ${table} WHERE workspace_id = $1 AND simulation_id = $2 LIMIT $3)) RETURNING 1`,
      [workspaceId, id, PAGE],
    );
    return rows.length;
  }
}
