import type { AttemptRow } from './evidence';
import type { FaultKind, Target } from './schedule';
import type { Struck } from './strikes';

/** When whoever was in the middle of a call could not tell any more how it ended, and by which codes the ledger calls that. */
export interface Kill {
  from: number;
  to: number;
  codes: readonly string[];
}

export interface Silence {
  kills: Kill[];
  /** Calls that a provider took, or may have taken, without an answer. */
  doubts: number;
}

const SILENCING: Partial<Record<FaultKind, readonly string[]>> = {
  'kill worker': ['worker-lost'],
  // Asleep for longer than a call may take, a worker finds its plugin too late.
  'stop worker': ['worker-lost', 'plugin-deadline'],
  // A verdict that comes while it is away is written by nobody.
  'kill PostgreSQL': ['worker-lost'],
  'kill plugin': ['plugin-died'],
};
/** Of a target without keys, a request that was written and not answered is in doubt whether or not it was taken. */
const DOUBTFUL: readonly FaultKind[] = ['reset before', 'reset after', 'timeout', '5xx'];
/** PostgreSQL is away for a while. */
const RECOVERY_MS = 30_000;
/** A call that a provider does not answer may take its plugin's process with it, and what else that was sending. */
const DEADLINE_MS = 20_000;
/** Between a fault and the moment that either side notices it, on a machine with much to do. */
const SLACK_MS = 10_000;

export function silences(struck: readonly Struck[], target: Target): Silence {
  const kills = struck.flatMap(({ kind, at, until }): Kill[] => {
    const codes = SILENCING[kind];
    if (!codes) return [];
    return [{ from: at, to: until ?? (kind === 'kill PostgreSQL' ? at + RECOVERY_MS : at), codes }];
  });
  const timeouts = struck
    .filter((one) => one.kind === 'timeout' && one.target === target)
    .map(({ at }) => ({ from: at, to: at + DEADLINE_MS, codes: ['plugin-deadline'] }));
  const doubts = struck.filter((one) => one.target === target && DOUBTFUL.includes(one.kind)).length;
  return { kills: [...kills, ...timeouts], doubts };
}

/** Whether a try was out then, and that is why its end is not known. */
export const wasSilenced = ({ from, to, outcome, code }: AttemptRow, kill: Kill): boolean =>
  outcome === 'unknown' &&
  from <= kill.to + SLACK_MS &&
  to >= kill.from - SLACK_MS &&
  kill.codes.includes(code ?? '');
