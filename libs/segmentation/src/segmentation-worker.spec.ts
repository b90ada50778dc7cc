import { BullModule, getQueueToken } from '@nestjs/bull';
import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Queue } from 'bull';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { AccessModule } from '@percorso/access';
import { newId } from '@percorso/kernel';
import { StorageModule } from '@percorso/storage';
import { AudienceService } from './audience/audience.service';
import { EVALUATION_QUEUE } from './evaluation/evaluation.queue';
import { EvaluationService } from './evaluation/evaluation.service';
import { EvaluationRow, EvaluationStore } from './evaluation/evaluation.store';
import { EvaluationWorld } from './evaluation/evaluation-world';
import { SegmentationWorkerModule } from './segmentation-worker.module';

describe('SegmentationWorkerModule', () => {
  let engines: TestEngines;
  let world: EvaluationWorld;
  let app: INestApplicationContext;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await EvaluationWorld.start(engines);
    const { hostname: host, port, password } = new URL(engines.redisUrl);
    const module = await Test.createTestingModule({
      imports: [
        StorageModule.forRoot({ databaseUrl: engines.databaseUrl, clickhouseUrl: engines.clickhouseUrl }),
        BullModule.forRoot({ prefix: `test:${newId()}`, redis: { host, port: Number(port), password } }),
        AccessModule.forRoot(),
        SegmentationWorkerModule.forRoot(),
      ],
    }).compile();
    module.useLogger(false);
    app = await module.init();
  }, 120_000);

  afterAll(async () => {
    await app?.close();
    await world?.stop();
    await engines?.stop();
  });

  async function ended(id: string): Promise<EvaluationRow> {
    const evaluations = app.get(EvaluationService);
    for (;;) {
      const row = await evaluations.get(world.workspaceId, id);
      if (row.state === 'done' || row.state === 'failed') return row;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async function untilSequenced(pos: number): Promise<void> {
    const head = () => world.database.tx(world.workspaceId, (tx) => world.log.head(tx));
    while ((await head()).pos < pos) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  it('evaluates what was asked for and numbers its deltas', async () => {
    await world.newWorkspace(10);
    const definition = { version: 1, where: { trait: { path: 'n', op: 'gt', value: 7 } } };
    const audience = await app
      .get(AudienceService)
      .create(world.workspaceId, { name: 'a', definition }, 'root');
    const asked = await app.get(EvaluationService).request(world.workspaceId, audience.id, 'root');
    expect(await ended(asked.id)).toMatchObject({ state: 'done', members: 3 });
    await untilSequenced(3);
    expect(await world.replay(audience.id)).toEqual([8, 9, 10]);
  });

  it('finds in PostgreSQL what Redis has forgotten, and what a dead worker left', async () => {
    await world.newWorkspace(10);
    const audience = await world.newAudience(4);
    const left = await world.newEvaluation(audience);
    await world.leaveRunning(left);
    const forgotten = await world.newEvaluation(audience);
    expect(await ended(left)).toMatchObject({ state: 'done', members: 4, entered: 4 });
    expect(await ended(forgotten)).toMatchObject({ state: 'done', members: 4, entered: 0 });
    expect(await app.get<Queue>(getQueueToken(EVALUATION_QUEUE)).getCompletedCount()).toBe(0);
    const waiting = await world.database.tx(world.workspaceId, (tx) => app.get(EvaluationStore).waiting(tx));
    expect(waiting).toEqual([]);
  });
});
