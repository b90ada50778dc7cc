import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Side } from './ingest-side';

/** One kind of request, sent by so many connections at once. */
export interface Shape {
  path: string;
  events: number;
  connections: number;
}

export interface LoadOrder extends Shape {
  port: number;
  writeKey: string;
  seconds: number;
}

export interface LoadRun {
  /** Acknowledged with 200. */
  events: number;
  seconds: number;
}

/** Load from a process of its own, so that it shares no event loop with what it measures. */
export function runLoad(side: Side, shape: Shape, seconds: number): Promise<LoadRun> {
  const order: LoadOrder = { ...shape, port: side.port, writeKey: side.writeKey, seconds };
  const child = fork(join(__dirname, 'ingest-load-process.js'), { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('message', (run) => resolve(run as LoadRun));
    child.once('error', reject);
    child.once('exit', (code) => reject(new RangeError(`the load process exited with ${code}`)));
    child.send(order);
  });
}
