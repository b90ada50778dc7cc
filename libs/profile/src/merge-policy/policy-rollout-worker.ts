import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database } from '@percorso/storage';
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
    let more = false;
    const failures: unknown[] = [];
    for (const workspaceId of await this.database.workspaceIds()) {
      if (stopping()) return false;
      try {
        more = (await this.rollout.turn(workspaceId)) || more;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return more;
  }
}
