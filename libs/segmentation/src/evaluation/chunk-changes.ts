import type { MemberDiff } from '../membership/diff-members';

/** Changes in one transaction: about 30 ms of work. */
export const CHUNK = 1000;

export interface ChangeChunk {
  entered: number[];
  exited: number[];
}

/** A diff in pieces of at most `size` changes; exits first, so that a crash leaves nobody in who should be out. */
export function* chunksOf(diff: MemberDiff, size = CHUNK): Generator<ChangeChunk> {
  for (let from = 0; from < diff.exited.length; from += size) {
    yield { entered: [], exited: [...diff.exited.subarray(from, from + size)] };
  }
  for (let from = 0; from < diff.entered.length; from += size) {
    yield { entered: [...diff.entered.subarray(from, from + size)], exited: [] };
  }
}
