import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import type { LoadGate } from '@percorso/profile';
import type { EvaluationQueue } from '../evaluation/evaluation.queue';
import { EvaluationService } from '../evaluation/evaluation.service';
import { EvaluationWorld } from '../evaluation/evaluation-world';
import type { AudienceView, ChangeAudience } from './audience.dto';
import { ScheduleStore } from '../schedule/schedule.store';
import { AudienceService } from './audience.service';
import { PreviewService } from './preview.service';

/** Everything is loaded already. */
const gate = {
  holdLoaded: <T>(_workspaceId: string, work: (asOf: { partition: number; pos: number }) => Promise<T>) =>
    work({ partition: 0, pos: 0 }),
} as Partial<LoadGate> as LoadGate;

const uses = (id: string, rest: object[] = []): object => ({
  version: 1,
  where: { all: [{ not: { audience: { id } } }, ...rest] },
});
const numbers = (op: string, value: number): object => ({
  version: 1,
  where: { trait: { path: 'n', op, value } },
});

describe('audiences that use audiences', () => {
  let engines: TestEngines;
  let world: EvaluationWorld;
  let service: AudienceService;
  /** What acts on audiences, by id. */
  const acting = new Map<string, string[]>();
  let previews: PreviewService;

  beforeAll(async () => {
    engines = await startTestEngines();
    world = await EvaluationWorld.start(engines);
    // Nobody is told: the spec evaluates by itself.
    const queue = { wake: () => Promise.resolve(true) } as unknown as EvaluationQueue;
    const evaluations = new EvaluationService(world.database, world.evaluations, queue, world.clock);
    service = new AudienceService(
      world.database,
      world.audiences,
      evaluations,
      new ScheduleStore(),
      world.clock,
      [{ usersOf: (_, id) => Promise.resolve(acting.get(id) ?? []) }],
    );
    previews = new PreviewService(world.database, world.shards, world.clock, gate, world.audiences);
  }, 120_000);
  afterAll(async () => {
    await world?.stop();
    await engines?.stop();
  });
  beforeEach(() => world.newWorkspace(10));

  const create = (name: string, definition: object): Promise<AudienceView> =>
    service.create(world.workspaceId, { name, definition }, 'spec');
  const change = (audience: AudienceView, definition: object): Promise<AudienceView> =>
    service.change(world.workspaceId, audience.id, { definition }, audience.version, 'spec');
  const members = async (audience: AudienceView): Promise<number[]> => {
    await world.evaluator().evaluate(world.workspaceId, await world.newEvaluation(audience.id));
    return world.members(audience.id);
  };

  it('evaluates and previews by what the other says now', async () => {
    const low = await create('Low', numbers('lte', 7));
    const high = await create('High', uses(low.id));
    expect((await members(high)).sort()).toEqual([10, 8, 9]);
    await change(low, numbers('lte', 9));
    expect(await members(high)).toEqual([10]);
    const preview = await previews.preview(world.workspaceId, { definition: uses(high.id), sample: 0 });
    expect(preview).toMatchObject({ count: 9 });
  });

  it('refuses what is not there, not theirs, archived or a circle, where it is named', async () => {
    const elsewhere = await create('Elsewhere', numbers('gt', 1));
    await world.newWorkspace(1);
    const gone = await create('Gone', numbers('gt', 1));
    await service.archive(world.workspaceId, gone.id, 'spec');
    const refusals = [
      [newId(), 'unknown-audience'],
      [elsewhere.id, 'unknown-audience'],
      [gone.id, 'archived-audience'],
    ] as const;
    for (const [id, code] of refusals) {
      const errors = [{ pointer: '/definition/where/all/0/not/audience/id', code }];
      await expect(create('x', uses(id))).rejects.toMatchObject({ status: 422, errors });
      await expect(
        previews.preview(world.workspaceId, { definition: uses(id), sample: 0 }),
      ).rejects.toMatchObject({ status: 422, errors });
    }
    const one = await create('One', numbers('gt', 1));
    const two = await create('Two', uses(one.id));
    const three = await create('Three', uses(two.id));
    for (const id of [one.id, two.id, three.id]) {
      await expect(change(one, uses(id))).rejects.toMatchObject({ status: 422, errors: [{ code: 'cycle' }] });
    }
  });

  it('makes no circle of two changes at once', async () => {
    const one = await create('One', numbers('gt', 1));
    const two = await create('Two', numbers('gt', 2));
    const done = await Promise.allSettled([change(one, uses(two.id)), change(two, uses(one.id))]);
    expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('keeps an audience that others use, and tells which', async () => {
    const base = await create('Base', numbers('gt', 1));
    const user = await create('User of it', uses(base.id));
    await expect(service.archive(world.workspaceId, base.id, 'spec')).rejects.toMatchObject({
      status: 409,
      code: 'in-use',
      detail: expect.stringContaining(`"User of it" (${user.id})`),
    });
    await change(user, numbers('gt', 2));
    await service.archive(world.workspaceId, base.id, 'spec');
    expect(await service.get(world.workspaceId, base.id)).toMatchObject({ state: 'archived' });
  });

  it('keeps an audience that something acts on, and tells what', async () => {
    const { id } = await create('Base', numbers('gt', 1));
    acting.set(id, ['sync "Welcome" (1)', 'journey "Cart" (2)']);
    await expect(service.archive(world.workspaceId, id, 'spec')).rejects.toMatchObject({
      status: 409,
      code: 'in-use',
      detail: 'Pause or stop what acts on it first: sync "Welcome" (1), journey "Cart" (2).',
    });
    acting.clear();
    await service.archive(world.workspaceId, id, 'spec');
    expect(await service.get(world.workspaceId, id)).toMatchObject({ state: 'archived' });
  });

  it('does not let an audience grow so that those that use it could not be evaluated', async () => {
    const leaves = (count: number): object[] =>
      Array.from({ length: count }, () => ({ trait: { path: 'n', op: 'exists' } }));
    const base = await create('Base', { version: 1, where: { all: leaves(50) } });
    const middle = await create('Middle', uses(base.id));
    const user = await create('Large', uses(middle.id, leaves(150)));
    await expect(change(base, { version: 1, where: { all: leaves(51) } })).rejects.toMatchObject({
      status: 409,
      code: 'users-too-large',
      detail: expect.stringContaining(user.id),
    });
    expect(await service.get(world.workspaceId, base.id)).toMatchObject({ definitionVersion: 1, version: 1 });
    await change(base, { version: 1, where: { all: leaves(49) } });
  });

  it('takes a text in the place of a definition, and shows one', async () => {
    const low = await create('Low', numbers('lte', 7));
    const text = `trait.n >= 3 and not audience("${low.id}")`;
    const made = await service.create(world.workspaceId, { name: 'Text', text }, 'spec');
    expect(made).toMatchObject({
      text,
      definition: {
        version: 1,
        where: { all: [{ trait: { path: 'n', op: 'gte', value: 3 } }, { not: {} }] },
      },
    });
    const preview = (body: object) => previews.preview(world.workspaceId, { sample: 0, ...body });
    expect(await preview({ text })).toMatchObject({ count: 3 });
    const changed = await service.change(
      world.workspaceId,
      made.id,
      { text: 'trait.n > 9' },
      made.version,
      'spec',
    );
    expect(changed).toMatchObject({ text: 'trait.n > 9', definitionVersion: 2 });
    const renamed = { name: 'New', text: null, definition: null } as unknown as ChangeAudience;
    expect(await service.change(world.workspaceId, made.id, renamed, changed.version, 'spec')).toMatchObject({
      name: 'New',
      definitionVersion: 2,
    });
    const again = await service.change(
      world.workspaceId,
      made.id,
      { text: '(trait.n > 9)' },
      changed.version + 1,
      'spec',
    );
    expect(again).toMatchObject({ definitionVersion: 2 });
    await expect(preview({ text: 'trait.n > \n wish' })).rejects.toMatchObject({
      errors: [{ pointer: '/text', code: 'syntax', message: expect.stringContaining('line 2, column 2') }],
    });
    await expect(preview({ text: `trait.n exists or\n audience("${newId()}")` })).rejects.toMatchObject({
      errors: [
        { pointer: '/text', code: 'unknown-audience', message: expect.stringContaining('line 2, column 11') },
      ],
    });
    await expect(preview({ text, definition: numbers('gt', 1) })).rejects.toMatchObject({ status: 422 });
    await expect(preview({})).rejects.toMatchObject({
      errors: [{ pointer: '/definition', code: 'required' }],
    });
  });

  it('takes today from the workspace’s time zone', async () => {
    await world.database.tx(world.workspaceId, (tx) =>
      tx.query(`UPDATE workspace SET settings = '{"timezone": "Pacific/Kiritimati"}' WHERE id = $1`, [
        world.workspaceId,
      ]),
    );
    await world.clickhouse.insert({
      table: 'percorso.profile',
      values: [
        {
          workspace_id: world.workspaceId,
          person: 1,
          strings: { born: '2000-06-16' },
          version: 99,
          deleted: 0,
        },
      ],
      format: 'JSONEachRow',
    });
    const text = 'anniversary(born) in 0 to 0 days';
    expect(await previews.preview(world.workspaceId, { text, sample: 0 })).toMatchObject({ count: 1 });
    const audience = await service.create(world.workspaceId, { name: 'Birthday', text }, 'spec');
    expect(await members(audience)).toEqual([1]);
  });
});
