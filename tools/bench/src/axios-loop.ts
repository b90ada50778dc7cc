import { fork } from 'node:child_process';
import { join } from 'node:path';

export interface LoopRow {
  url: string;
  key: string;
  payload: object;
}

export interface ToAxiosLoop {
  rows: LoopRow[];
  concurrency: number;
}

export interface FromAxiosLoop {
  seconds: number;
}

/** Posts rows with nothing but axios, in a process of its own. @returns seconds, without starting it */
export function runAxiosLoop(order: ToAxiosLoop): Promise<number> {
  const child = fork(join(__dirname, 'axios-loop-process.js'), {
    stdio: 'inherit',
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ seconds }: FromAxiosLoop) => {
      child.disconnect();
      resolve(seconds);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new RangeError(`the loop exited with ${code}`)));
    child.send(order);
  });
}
