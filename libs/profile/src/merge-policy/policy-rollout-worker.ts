import { Injectable } from '@nestjs/common';
import { BackgroundWorker, Database, eachInTurn } from '@percorso/storage';
import { PolicyRollout } from './policy-rollout';

const LOOK_MS = 1_000;

/** Carries out the policies of all workspaces, some profiles of each in turn. */
@Injectable()
export class PolicyRolloutWorker extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly rollout: PolicyRollout,
  ) {
    super();
    this.addLoop('PolicyRollout', LOOK_MS, (stopping) => this.round(stopping));
  }

  private async round(stopping: () => boolean): Promise<boolean> {
    const more = await eachInTurn(await this.database.workspaceIds(), stopping, async (workspaceId) =>
      (await this.rollout.turn(workspaceId)) ? 1 : 0,
    );
    return more > 0;
  }
}
