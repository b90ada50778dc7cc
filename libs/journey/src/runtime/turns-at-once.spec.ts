import { TurnsAtOnce } from './turns-at-once';

describe('turns of several workspaces', () => {
  const running = (): boolean => false;

  it('are taken though one takes long, and one of each at a time', async () => {
    const taken: string[] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const turns = new TurnsAtOnce(
      async (id) => {
        taken.push(id);
        if (id === 'slow') await gate;
      },
      () => undefined,
    );
    expect(await turns.take(['slow', 'a', 'b', 'c', 'd'], running, 1)).toBe(false);
    expect(await turns.take(['a'], running, 1)).toBe(false);
    expect(await turns.take(['slow'], running, 1)).toBe(true);
    expect(taken).toEqual(['slow', 'a', 'b', 'c', 'd', 'a']);
    let ended = false;
    const end = turns.ended().then(() => (ended = true));
    await Promise.resolve();
    expect(ended).toBe(false);
    release();
    await end;
    await turns.take(['slow'], running, 60_000);
    expect(taken.at(-1)).toBe('slow');
  });

  it('are no more than a few together', async () => {
    let [now, most] = [0, 0];
    const turns = new TurnsAtOnce(
      async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now -= 1;
      },
      () => undefined,
    );
    await turns.take(['a', 'b', 'c', 'd', 'e', 'f'], running, 60_000);
    expect(most).toBe(3);
  });

  it('rest by themselves when they fail, longer each time', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    const taken: string[] = [];
    const rests: number[] = [];
    const turns = new TurnsAtOnce(
      (id) => {
        taken.push(id);
        return id === 'bad' ? Promise.reject(new RangeError('no')) : Promise.resolve();
      },
      (_, ms) => rests.push(ms),
    );
    for (const at of [0, 50, 100, 200, 300]) {
      clock.mockReturnValue(at);
      await turns.take(['bad', 'good'], running, 60_000);
    }
    clock.mockRestore();
    expect(taken.filter((id) => id === 'good')).toHaveLength(5);
    expect(rests).toEqual([100, 200, 400]);
  });

  it('are not begun any more when it stops', async () => {
    const turn = jest.fn(() => Promise.resolve());
    await new TurnsAtOnce(turn, () => undefined).take(['a'], () => true, 60_000);
    expect(turn).not.toHaveBeenCalled();
  });
});
