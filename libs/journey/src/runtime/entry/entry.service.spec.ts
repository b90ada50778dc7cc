import { useJourneyWorld } from '../testing/journey-fixture';
import type { JourneyWorld } from '../testing/journey-world';
import type { EntriesView, EntryItem } from './entry.dto';
import { EntryService } from './entry.service';

describe('entries of the API', () => {
  let world: JourneyWorld;
  useJourneyWorld((started) => (world = started));
  beforeEach(() => world.say(world.profile('ann')));

  const waits = (more: object = {}): object => ({
    version: 1,
    entries: [{ api: {} }],
    start: 'nap',
    steps: { nap: { wait: { for: '1h' } } },
    ...more,
  });
  const ann = (more: object = {}): EntryItem => ({
    identity: { namespace: 'user_id', value: 'ann' },
    ...more,
  });
  /** A worker decides while the call waits. */
  const enter = async (journey: string, ...items: EntryItem[]): Promise<EntriesView['entries']> => {
    let answered = false;
    const answer = world
      .get(EntryService)
      .enter(world.workspaceId, journey, items)
      .finally(() => (answered = true));
    answer.catch(() => undefined);
    while (!answered) await world.turns();
    return (await answer).entries;
  };
  const keys = async (journey: string): Promise<(string | null)[]> =>
    (await world.instances(journey)).map(({ key }) => key).sort();

  it('have their key by themselves, or where the journey has it', async () => {
    const journey = await world.journey(waits({ key: 'order.id' }));
    const said = await enter(
      journey,
      ann({ key: 'a' }),
      ann({ context: { order: { id: 'b' } } }),
      ann({ key: '7', context: { order: { id: 7 } } }),
      ann({ context: { order: { id: 'c'.repeat(513) } } }),
      ann(),
    );
    expect(said.map(({ status, code }) => code ?? status)).toEqual([
      ...['entered', 'entered', 'entered'],
      ...['no-key', 'no-key'],
    ]);
    expect(await keys(journey)).toEqual(['7', 'a', 'b']);
  });

  it('are refused with two keys that differ, or a key that the journey has no use for', async () => {
    const keyed = await world.journey(waits({ key: 'order' }));
    const items = [ann({ key: 'a' }), ann({ key: 'a', context: { order: 'b' } })];
    await expect(enter(keyed, ...items)).rejects.toMatchObject({
      status: 422,
      errors: [{ pointer: '/entries/1/key', code: 'conflict' }],
    });
    await expect(enter(await world.journey(waits()), ann({ key: 'a' }))).rejects.toMatchObject({
      errors: [{ pointer: '/entries/0/key', code: 'no-key' }],
    });
    expect(await keys(keyed)).toEqual([]);
  });
});
