import { Injectable } from '@nestjs/common';
import { BackgroundWorker, Database, eachInTurn, Leases } from '@percorso/storage';
import { SimulationJobs } from './simulation-jobs';

const LOOK_MS = 500;

/** Walks simulations: a page of each workspace in turn, in the process that has its first partition of journeys. */
@Injectable()
export class SimulationLoop extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
    jobs: SimulationJobs,
  ) {
    super();
    this.addLoop(
      SimulationLoop.name,
      LOOK_MS,
      async (stopping) => (await eachInTurn(await this.workspaces(), stopping, (id) => jobs.look(id))) > 0,
    );
  }

  private async workspaces(): Promise<string[]> {
    const mine = this.leases.firsts('journey');
    if (mine.length === 0) return [];
    const { rows } = await this.database.control((tx) => {
      tx.send(`SELECT set_config('percorso.looks_for', 'journeys', true)`);
      return tx.query<{ id: string }>(
        `SELECT DISTINCT workspace_id AS id FROM journey_simulation
         WHERE ended_at IS NULL AND workspace_id = ANY($1::uuid[])`,
        [mine],
      );
    });
    return rows.map(({ id }) => id);
  }
}
