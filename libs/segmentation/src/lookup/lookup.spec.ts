import { Readable } from 'node:stream';
import { rowsOf, type Row } from '@percorso/access';
import { Evaluator } from '../evaluation/evaluator';
import type { StreamWorld } from '../stream/stream-world';
import { useStreamWorld } from '../stream/stream-fixture';
import type { LookupUploadView } from './lookup.dto';
import { LookupService } from './lookup.service';

const shoes = {
  event: {
    name: 'Viewed',
    where: [{ path: 'id', lookup: 'product', field: 'category', op: 'eq', value: 'shoes' }],
  },
};

describe('lookups', () => {
  let world: StreamWorld;
  let serial = 0;

  useStreamWorld((started) => (world = started));

  const viewed = (userId: string, id: unknown): object => ({
    type: 'track',
    messageId: `m${++serial}`,
    timestamp: new Date(world.clock.now().getTime() - 1).toISOString(),
    event: 'Viewed',
    properties: { id },
    userId,
  });
  const upload = (body: string): Promise<LookupUploadView> => {
    const rows = (): AsyncGenerator<Row> => rowsOf(Readable.from([Buffer.from(body)]), 'ndjson');
    return world.get(LookupService).upload(world.workspaceId, 'product', rows, 'spec');
  };
  const open = async (): Promise<{ id: string; audience: string; cause: string | null }[]> => {
    const { rows } = await world.database.tx(world.workspaceId, (tx) =>
      tx.query<{ id: string; audience: string; cause: string | null }>(
        `SELECT id, audience_id AS audience, cause FROM evaluation
         WHERE workspace_id = $1 AND state = 'pending' ORDER BY audience_id`,
        [tx.workspaceId],
      ),
    );
    return rows;
  };
  const evaluateOpen = async (): Promise<void> => {
    world.clock.advance(1);
    for (const { id } of await open()) await world.get(Evaluator).evaluate(world.workspaceId, id);
  };

  it('judges traits by the items they name, now and when items change', async () => {
    const north = { path: 'home_store', lookup: 'store', field: 'region', op: 'eq', value: 'north' };
    const audience = await world.newAudience({ trait: north });
    await world.evaluate(audience);
    await world.item('store', '7', { region: 'north' });
    await evaluateOpen();
    const settled = (userId: string, home_store: unknown): object => ({
      type: 'identify',
      messageId: `m${++serial}`,
      userId,
      traits: { home_store },
    });
    await world.say(settled('ann', 7), settled('bob', '8'), settled('cy', '7'), settled('di', null));
    expect(await world.members(audience)).toEqual([1, 3]);
    await world.item('store', '8', { region: 'north' });
    await world.item('store', '7', { region: 'south' });
    await evaluateOpen();
    expect(await world.members(audience)).toEqual([2]);
    expect((await world.deltas(audience)).map(({ cause }) => cause.kind)).toEqual([
      ...['event', 'event'],
      ...['lookup', 'lookup', 'lookup'],
    ]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0, members: 1 });
  });

  it('judges events by the items of now, and has audiences evaluated when items change', async () => {
    await world.item('product', '7', { category: 'shoes' });
    const audience = await world.newAudience(shoes);
    const user = await world.newAudience({ not: { audience: { id: audience } } });
    const other = await world.newAudience({ event: { name: 'Viewed' } });
    for (const id of [audience, user, other]) await world.evaluate(id);
    await world.say(viewed('ann', '7'), viewed('bob', 'hat'), viewed('cy', 7), viewed('di', true));
    expect(await world.members(audience)).toEqual([1, 3]);

    await world.item('product', 'hat', { category: 'shoes' });
    await world.item('product', '7', { category: 'hats' });
    expect((await open()).map(({ audience, cause }) => [audience, cause])).toEqual(
      [audience, user].sort().map((id) => [id, 'lookup']),
    );
    // Whoever does something is judged at once, the others by the evaluation.
    await world.say(viewed('ann', 'x'));
    expect(await world.members(audience)).toEqual([3]);
    await evaluateOpen();
    expect(await world.members(audience)).toEqual([2]);
    expect(await world.members(user)).toEqual([1, 3, 4]);
    const causes = (await world.deltas(audience)).map(({ op, cause }) => [op, cause.kind]);
    expect(causes.slice(0, 3)).toEqual([
      ['enter', 'event'],
      ['enter', 'event'],
      ['exit', 'event'],
    ]);
    expect(causes.slice(3).sort()).toEqual([
      ['enter', 'lookup'],
      ['exit', 'lookup'],
    ]);
    expect(await world.evaluate(audience)).toMatchObject({ drift: 0 });

    // Written again as it is, an item is no change.
    await world.item('product', 'hat', { category: 'shoes' });
    expect(await open()).toEqual([]);
    await world.item('product', 'hat', null);
    await evaluateOpen();
    expect(await world.members(audience)).toEqual([]);
  });

  it('learns when time alone moves whom an item brought in', async () => {
    const recent = { event: { ...shoes.event, within: { last: '1h' } } };
    const audience = await world.newAudience(recent);
    await world.evaluate(audience);
    await world.say(viewed('ann', 'boot'));
    await world.item('product', 'boot', { category: 'shoes' });
    await evaluateOpen();
    expect(await world.members(audience)).toEqual([1]);
    world.clock.advance(3_600_000);
    await world.stream();
    expect(await world.members(audience)).toEqual([]);
  });

  it('takes uploads, telling the rows that are no items', async () => {
    const long = JSON.stringify({ key: 'big', text: 'x'.repeat(20_000) });
    const lines = ['{"key":"a","category":"shoes"}', '{"key":""}', '[]', '{"key":8,"n":1}', long, '{"n":1}'];
    expect(await upload(lines.join('\n'))).toMatchObject({
      rows: 6,
      changed: 2,
      refused: 4,
      problems: [{ line: 2 }, { line: 3 }, { line: 5 }, { line: 6 }],
    });
    expect(await upload(lines.slice(0, 1).join('\n'))).toMatchObject({ rows: 1, changed: 0 });
    const lookups = world.get(LookupService);
    expect(await lookups.get(world.workspaceId, 'product', '8')).toEqual({ key: '8', fields: { n: 1 } });
    await expect(lookups.get(world.workspaceId, 'product', '9')).rejects.toMatchObject({ status: 404 });
    await expect(lookups.put(world.workspaceId, 'Pro', '9', {}, 'spec')).rejects.toMatchObject({
      status: 422,
    });
  });

  it('holds a bounded number of items', async () => {
    const rows = Array.from({ length: 100_000 }, (_, key) => `{"key":${key}}`);
    expect(await upload(rows.join('\n'))).toMatchObject({ changed: 100_000 });
    await expect(world.item('product', 'more', {})).rejects.toMatchObject({ code: 'too-many-items' });
    await world.item('product', '7', null);
    await world.item('product', 'more', {});
  }, 120_000);
});
