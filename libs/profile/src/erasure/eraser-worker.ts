import { BeforeApplicationShutdown, Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { BackgroundLoop, Database, eachInTurn } from '@percorso/storage';
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
    const more = await eachInTurn(await this.database.workspaceIds(), stopping, async (workspaceId) =>
      (await this.eraser.turn(workspaceId)) ? 1 : 0,
    );
    return more > 0;
  }
}
