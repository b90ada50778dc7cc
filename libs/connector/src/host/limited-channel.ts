import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createHook } from 'node:async_hooks';

/** What a guest may put into one message: a page of 10,000 events, with more than a kilobyte for each. */
const MESSAGE_BYTES = 16 * 1024 * 1024;
/** What is read of one guest before everybody else has a turn. */
const TURN_BYTES = 256 * 1024;

interface PipeHandle {
  onread(bytes: ArrayBuffer | undefined): void;
  readStart(): number;
  readStop(): number;
}

/**
 * Starts a child whose messages are read a little at a time, so that one that talks without end delays nobody, and holds
 * but itself up: the kernel's buffer fills. `flooded` is told of a message without end, which Node itself would keep in
 * memory until that ends the hub.
 */
export function spawnLimited(
  file: string,
  args: string[],
  options: SpawnOptions,
  flooded: () => void,
): ChildProcess {
  // Node shows the handle of the channel nowhere else.
  const handles: PipeHandle[] = [];
  const hook = createHook({
    init: (_, type, __, resource) => {
      if (type === 'PIPEWRAP') handles.push(resource as PipeHandle);
    },
  }).enable();
  try {
    return spawn(file, args, options);
  } finally {
    hook.disable();
    for (const handle of handles) limit(handle, flooded);
  }
}

function limit(handle: PipeHandle, flooded: () => void): void {
  const read = handle.onread;
  if (typeof read !== 'function') return;
  let turn = 0;
  let message = 0;
  handle.onread = (bytes) => {
    if (bytes) {
      // A message ends with a line: what follows the last end belongs to the next one.
      const end = Buffer.from(bytes).lastIndexOf(10);
      message = end < 0 ? message + bytes.byteLength : bytes.byteLength - end - 1;
      if (message > MESSAGE_BYTES) {
        // From now on only its end is of interest: then Node closes the channel, which stayed open if nobody read on.
        handle.onread = (rest) => {
          if (!rest) read.call(handle, rest);
        };
        flooded();
        return;
      }
      if (turn === 0) setImmediate(() => void (turn = 0));
      turn += bytes.byteLength;
      if (turn > TURN_BYTES) {
        handle.readStop();
        setImmediate(() => handle.readStart());
      }
    }
    read.call(handle, bytes);
  };
}
