import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database, eachInTurn } from '@percorso/storage';
import { PolicyRollout } from './policy-rollout';

const LOOK_MS = 1_000;

/** Carries out the policies of all workspaces, some profiles of each in turn. */
@Injectable()
export class PolicyRolloutWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new BackgroundLoop({
    name: 'PolicyRollout',
    idleMs: LOOK_MS,
    turn: (stopping) => this.round(stopping),
  });

  constructor(
    private readonly database: Database,
    private readonly rollout: PolicyRollout,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async round(stopping: () => boolean): Promise<boolean> {
    const more = await eachInTurn(await this.database.workspaceIds(), stopping, async (workspaceId) =>
      (await this.rollout.turn(workspaceId)) ? 1 : 0,
    );
    return more > 0;
  }
}
