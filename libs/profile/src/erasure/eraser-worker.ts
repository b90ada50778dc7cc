import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database } from '@percorso/storage';
import { Eraser } from './eraser';

const LOOK_MS = 1_000;

/** Carries out the erasures of all workspaces, a step each in turn. */
@Injectable()
export class EraserWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly loop = new BackgroundLoop({
    name: 'Eraser',
    idleMs: LOOK_MS,
    turn: (stopping) => this.round(stopping),
  });

  constructor(
    private readonly database: Database,
    private readonly eraser: Eraser,
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
        more = (await this.eraser.turn(workspaceId)) || more;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return more;
  }
}
