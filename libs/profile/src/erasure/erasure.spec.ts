import { IngestLog } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import type { ProfileFixture } from '../profile-fixture';
import { Eraser } from './eraser';
import { ErasurePlace, OpenErasure, PlaceStep } from './erasure-place';
import { ErasureView } from './erasure.dto';
import { useProfileFixture } from '../use-profile-fixture';

/** Does its work and is then killed before the step is written down, each time until `lives` have been lost. */
class Mortal implements ErasurePlace {
  readonly name: string;
  steps = 0;

  constructor(
    private readonly place: ErasurePlace,
    private lives: number,
  ) {
    this.name = place.name;
  }

  async step(tx: Transaction, erasure: OpenErasure, progress: unknown): Promise<PlaceStep> {
    const step = await this.place.step(tx, erasure, progress);
    this.steps += 1;
    if (this.lives-- > 0) throw new Error('killed');
    return step;
  }
}

describe('erasing a person', () => {
  let fixture: ProfileFixture;
  let workspaceId: string;

  useProfileFixture((started) => (fixture = started));
  beforeEach(async () => {
    workspaceId = await fixture.workspace();
  });

  let messages = 0;
  const item = (type: string, fields: object): object => ({ messageId: `m${++messages}`, type, ...fields });
  const ada = (fields: object = {}): object =>
    item('identify', { userId: 'ada', anonymousId: 'a1', traits: { email: 'Ada@Example.com' }, ...fields });
  const ben = (): object => item('track', { userId: 'ben', event: 'Bought' });

  const begin = (): Promise<ErasureView> =>
    fixture.erasures.begin(workspaceId, 'spec', { namespace: 'email', value: 'ADA@example.com' });
  const report = async (id: string): Promise<Record<string, unknown>> => {
    const { state, places } = await fixture.erasures.get(workspaceId, id);
    return {
      state,
      ...Object.fromEntries(places.map(({ place, state, count }) => [place, `${state} ${count}`])),
    };
  };
  /** Everything the log holds, as (position, JSON text). */
  const logged = async (): Promise<[number, string][]> => {
    const requests = await fixture.database.tx(workspaceId, (tx) =>
      new IngestLog().requests(tx, { partition: -1, pos: 0 }, 1000),
    );
    return requests.flatMap(({ items }) =>
      items.map(({ pos, bytes }): [number, string] => [pos, bytes.toString()]),
    );
  };
  const quarantined = async (): Promise<unknown[]> => {
    const { rows } = await fixture.database.tx(workspaceId, (tx) =>
      tx.query<{ pos: string; code: string; message_id: string | null; payload: Buffer }>(
        'SELECT pos, code, message_id, payload FROM quarantine WHERE workspace_id = $1 ORDER BY pos',
        [workspaceId],
      ),
    );
    return rows.map(({ pos, code, message_id, payload }) => [Number(pos), code, message_id, payload.length]);
  };

  it('takes the items out of the log, of long requests and short ones, and keeps every position', async () => {
    const long = ben();
    Object.assign(long, { properties: { text: 'x'.repeat(3000) } });
    await fixture.say(workspaceId, ben(), ada(), long);
    await fixture.say(workspaceId, ada());
    await fixture.say(workspaceId, item('track', { anonymousId: 'a1', event: 'Seen' }), ben());
    const before = await logged();
    const { id, state, places } = await begin();
    expect([state, places.find(({ place }) => place === 'profile')!.state]).toEqual(['open', 'done']);
    await fixture.erase(workspaceId);
    const gone = new Set([2, 4, 5]);
    expect(await logged()).toEqual(before.map(([pos, text]) => [pos, gone.has(pos) ? 'null' : text]));
    expect(await report(id)).toMatchObject({ state: 'done', 'ingest-log': 'done 3', quarantine: 'done 0' });
  });

  it('reaches what is accepted but not applied, before and after, malformed or sent again', async () => {
    const sentAgain = ada();
    await fixture.say(workspaceId, sentAgain);
    await fixture.say(workspaceId, item('track', { traits: { mail: 'ada@example.com' } }));
    expect(await quarantined()).toMatchObject([[2, 'field-missing', expect.any(String), expect.any(Number)]]);
    await fixture.accept(workspaceId, [ada(), ben()]);
    const { id } = await begin();
    await fixture.accept(workspaceId, [
      sentAgain,
      ben(),
      item('track', { context: { to: 'ADA@EXAMPLE.COM' } }),
    ]);
    await fixture.accept(workspaceId, [item('alias', { userId: 'eve', previousId: 'ada' })]);
    await fixture.erase(workspaceId);
    await fixture.apply(workspaceId);
    expect((await logged()).filter(([, text]) => text === 'null').map(([pos]) => pos)).toEqual([
      1, 2, 3, 5, 7, 8,
    ]);
    expect(await quarantined()).toEqual([2, 3, 5, 7, 8].map((pos) => [pos, 'erased', null, 0]));
    expect(await fixture.head(workspaceId)).toMatchObject({ applied: 8, accepted: 3, quarantined: 5 });
    expect(await report(id)).toMatchObject({ state: 'done', quarantine: 'done 1' });
  });

  it('goes on where it was killed and ends complete', async () => {
    // Three pages of requests, and a kill in each of them after its work was done.
    for (let n = 0; n < 410; n++) await fixture.accept(workspaceId, n % 2 ? [ben()] : [ada()]);
    await fixture.apply(workspaceId);
    const { id } = await begin();
    const places = fixture.places.map((place) => new Mortal(place, place.name === 'ingest-log' ? 2 : 1));
    const eraser = new Eraser(fixture.database, fixture.clock, places);
    let killed = 0;
    for (let more = true; more;) {
      more = await eraser.turn(workspaceId).catch(() => {
        killed += 1;
        fixture.clock.advance(10_000);
        return true;
      });
    }
    expect(killed).toBe(4);
    expect(places[0]!.steps).toBeGreaterThanOrEqual(5);
    expect(await report(id)).toMatchObject({
      'ingest-log': 'done 205',
      state: 'open',
      clickhouse: 'pending 0',
    });
    while (!(await fixture.loader.turn(workspaceId))?.complete);
    expect(await report(id)).toMatchObject({ state: 'done' });
    expect(JSON.stringify(await logged())).not.toMatch(/ada/i);
  }, 60_000);

  it('keeps the person out until the tombstone is lifted', async () => {
    await fixture.say(workspaceId, ada());
    await fixture.say(workspaceId, item('alias', { userId: 'ada', previousId: 'old' }));
    const { id, tombstone } = await begin();
    expect(tombstone).toBe(true);
    await expect(fixture.erasures.lift(workspaceId, 'spec', id)).rejects.toMatchObject({
      code: 'erasure-open',
    });
    await fixture.erase(workspaceId);
    const again = item('track', { anonymousId: 'old', event: 'Back' });
    await fixture.say(workspaceId, again, ben());
    expect(await quarantined()).toEqual([[3, 'erased', null, 0]]);
    expect((await logged()).map(([, text]) => text === 'null')).toEqual([true, true, true, false]);
    await fixture.erasures.lift(workspaceId, 'spec', id);
    await fixture.say(workspaceId, again);
    expect((await fixture.queries.find(workspaceId, 'anonymous_id', 'old')).data).toHaveLength(1);
    await expect(fixture.erasures.lift(workspaceId, 'spec', id)).rejects.toMatchObject({ status: 404 });
    expect(await fixture.erasures.get(workspaceId, id)).toMatchObject({ tombstone: false, state: 'done' });
  });

  it('of an identity nobody has reaches the log and the quarantine, in this workspace only', async () => {
    const other = await fixture.workspace();
    await fixture.accept(other, [ada()]);
    await fixture.accept(workspaceId, [ada()]);
    const { id, profileId } = await begin();
    expect(profileId).toBeNull();
    await fixture.erase(workspaceId);
    await fixture.apply(workspaceId);
    expect(await report(id)).toMatchObject({ state: 'done', 'ingest-log': 'done 1', profile: 'done 0' });
    await fixture.apply(other);
    expect((await fixture.queries.find(other, 'user_id', 'ada')).data).toHaveLength(1);
    await expect(fixture.erasures.get(other, id)).rejects.toMatchObject({ status: 404 });
  });

  it('refuses what names nobody', async () => {
    const asked = (body: object): Promise<unknown> => fixture.erasures.begin(workspaceId, 'spec', body);
    await expect(asked({})).rejects.toMatchObject({ status: 422 });
    await expect(asked({ namespace: 'email' })).rejects.toMatchObject({ status: 422 });
    await expect(asked({ namespace: 'none', value: 'x' })).rejects.toMatchObject({ status: 422 });
    await expect(asked({ profileId: workspaceId })).rejects.toMatchObject({ status: 404 });
  });
});
