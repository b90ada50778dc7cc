import { Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { BackgroundLoop, restAfter } from './background-loop';

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('BackgroundLoop', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('goes on after a turn that failed', async () => {
    let turns = 0;
    const loop = new BackgroundLoop({
      name: 'test',
      idleMs: 1,
      turn: async () => {
        if (++turns < 3) throw new RangeError('no engine');
      },
    });
    loop.start();
    await until(() => turns >= 4);
    await loop.stop();
    const stopped = turns;
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(turns).toBe(stopped);
  });

  it('does not rest when it was told of work, even in the middle of a turn', async () => {
    let turns = 0;
    const loop: BackgroundLoop = new BackgroundLoop({
      name: 'test',
      idleMs: 3_600_000,
      turn: async () => {
        if (++turns === 1) loop.nudge();
      },
    });
    loop.start();
    await until(() => turns === 2);
    loop.nudge();
    await until(() => turns === 3);
    await loop.stop();
    expect(turns).toBe(3);
  });

  it('rests longer after each failure, up to ten seconds, and two where only PostgreSQL is away', () => {
    const rests = (error: unknown, idleMs: number): number[] => {
      let rest = idleMs;
      return Array.from({ length: 7 }, () => (rest = restAfter(error, rest, idleMs)));
    };
    expect(rests(new RangeError('odd'), 100)).toEqual([200, 400, 800, 1600, 3200, 6400, 10_000]);
    const away = [
      new Problem({ status: 503, code: 'database-unavailable', title: 'The database cannot be reached' }),
      Object.assign(new Error('the database system is starting up'), { code: '57P03' }),
    ];
    for (const error of away) expect(rests(error, 500)).toEqual([1000, ...Array<number>(6).fill(2000)]);
    expect(restAfter(away[0], 60_000, 60_000)).toBe(60_000);
  });

  it('stops only when the turn in hand has ended', async () => {
    let ended = false;
    const loop = new BackgroundLoop({
      name: 'test',
      idleMs: 1,
      turn: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        ended = true;
      },
    });
    loop.start();
    await loop.stop();
    expect(ended).toBe(true);
  });
});
