import { Injectable } from '@nestjs/common';
import { BackgroundWorker, Database, eachInTurn } from '@percorso/storage';
import { Eraser } from './eraser';

const LOOK_MS = 1_000;

/** Carries out the erasures of all workspaces, a step each in turn. */
@Injectable()
export class EraserWorker extends BackgroundWorker {
  constructor(
    private readonly database: Database,
    private readonly eraser: Eraser,
  ) {
    super();
    this.addLoop('Eraser', LOOK_MS, (stopping) => this.round(stopping));
  }

  private async round(stopping: () => boolean): Promise<boolean> {
    const more = await eachInTurn(await this.database.workspaceIds(), stopping, async (workspaceId) =>
      (await this.eraser.turn(workspaceId)) ? 1 : 0,
    );
    return more > 0;
  }
}
