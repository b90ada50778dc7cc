import { Logger } from '@nestjs/common';
import { WorkerLoop } from './worker-loop';

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('WorkerLoop', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('goes on after a turn that failed', async () => {
    let turns = 0;
    const loop = new WorkerLoop('test', 1, async () => {
      if (++turns < 3) throw new RangeError('no engine');
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
    const loop: WorkerLoop = new WorkerLoop('test', 3_600_000, async () => {
      if (++turns === 1) loop.nudge();
    });
    loop.start();
    await until(() => turns === 2);
    loop.nudge();
    await until(() => turns === 3);
    await loop.stop();
    expect(turns).toBe(3);
  });

  it('stops only when the turn in hand has ended', async () => {
    let ended = false;
    const loop = new WorkerLoop('test', 1, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      ended = true;
    });
    loop.start();
    await loop.stop();
    expect(ended).toBe(true);
  });
});
