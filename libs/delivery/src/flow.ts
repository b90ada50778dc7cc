import { backoffMs } from './backoff';

export type Breaker = 'closed' | 'open' | 'half-open';

/** What is known of the pace of one connector, or of one host behind several. */
export interface Flow {
  /** Limits that an admin set. */
  perSecond: number | null;
  concurrency: number | null;
  /** Milliseconds until the token bucket lets something through; 0 or less: now. */
  waitMs: number;
  /** Nothing is tried before: Retry-After, or a call that failed. */
  restUntil: Date | null;
  /** Found by 429s: halved by each, rising by the step every second since. */
  learnedPerSecond: number | null;
  stepPerSecond: number | null;
  learnedAt: Date | null;
  breaker: Breaker;
  /** Calls in a row that failed as a whole. */
  failures: number;
  reason: string | null;
  probeAt: Date | null;
}

export interface FlowOptions {
  backoffMs: number;
  maxBackoffMs: number;
  /** Calls that fail in a row before the breaker opens. */
  breakerFailures: number;
}

export const NEW_FLOW: Flow = {
  perSecond: null,
  concurrency: null,
  waitMs: 0,
  restUntil: null,
  learnedPerSecond: null,
  stepPerSecond: null,
  learnedAt: null,
  breaker: 'closed',
  failures: 0,
  reason: null,
  probeAt: null,
};

/** Whether a call may be made now. `waitMs`: the token bucket says when; otherwise `until`, by the business clock. */
export type Gate =
  | { open: true; probe: boolean }
  | { open: false; because: 'breaker' | 'rest'; until: Date }
  | { open: false; because: 'rate'; waitMs: number };

export function gateOf(flow: Flow, now: Date): Gate {
  if (flow.breaker !== 'closed') {
    // A probe that never came back is followed by another when its time is over.
    if (flow.probeAt && flow.probeAt > now) return { open: false, because: 'breaker', until: flow.probeAt };
    return { open: true, probe: true };
  }
  if (flow.restUntil && flow.restUntil > now) return { open: false, because: 'rest', until: flow.restUntil };
  return flow.waitMs > SLACK_MS
    ? { open: false, because: 'rate', waitMs: flow.waitMs }
    : { open: true, probe: false };
}

/** A shorter wait is not worth a timer; what leaves early is paid for by who comes next. */
const SLACK_MS = 2;

/** Items a second that may leave now, below the plugin's own figure. */
export function rateOf(flow: Flow, pluginPerSecond: number, now: Date): number {
  const limit = Math.min(pluginPerSecond, flow.perSecond ?? Infinity);
  return Math.min(limit, learnedRate(flow, now) ?? Infinity);
}

/** From then on the rise doubles as often again: a 429 in a slow moment teaches a pace far below what there is. */
const DOUBLES_SECONDS = 10;

/** What 429s have taught, as it has risen since. */
export function learnedRate(
  { learnedPerSecond, stepPerSecond, learnedAt }: Flow,
  now: Date,
): number | undefined {
  if (learnedPerSecond === null || stepPerSecond === null || learnedAt === null) return undefined;
  const seconds = Math.max(0, (now.getTime() - learnedAt.getTime()) / 1000);
  const doublings = Math.min(30, Math.max(0, seconds / DOUBLES_SECONDS - 1));
  return learnedPerSecond + stepPerSecond * seconds * 2 ** doublings;
}

/** How one call went, as far as the pace is concerned. */
export interface CallResult {
  rows: number;
  /** How long it took, and how many calls were out with it. */
  seconds: number;
  calls: number;
  end: 'worked' | 'throttled' | 'failed';
  /** The provider asks not to be called before so many milliseconds. */
  afterMs: number;
  /** Code of what went wrong. */
  code?: string;
  /** The connector itself must be mended: no use in trying again soon. */
  broken?: boolean;
}

/** The flow after a call, or undefined when nothing changed. */
export function afterCall(
  flow: Flow,
  result: CallResult,
  now: Date,
  options: FlowOptions,
  random: () => number,
): Flow | undefined {
  if (result.end === 'worked') return afterSuccess(flow, result, now);
  const later = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
  const asked = result.afterMs > 0 ? latest(flow.restUntil, later(result.afterMs)) : flow.restUntil;
  if (result.end === 'throttled') {
    const rest = result.afterMs > 0 ? asked : latest(flow.restUntil, later(options.backoffMs / 2));
    // Whoever throttles is there.
    return {
      ...flow,
      ...slower(flow, result, now),
      restUntil: rest,
      breaker: 'closed',
      failures: 0,
      probeAt: null,
    };
  }
  const failures = flow.failures + 1;
  const failed = { ...flow, failures, reason: result.code ?? 'failed', restUntil: asked };
  if (result.broken || flow.breaker !== 'closed' || failures >= options.breakerFailures) {
    const step = Math.max(1, failures - options.breakerFailures + 1);
    const pause = Math.max(
      result.afterMs,
      backoffMs(step, { ...options, backoffMs: options.backoffMs * 5 }, random),
    );
    return { ...failed, breaker: 'open', probeAt: later(pause) };
  }
  // One row that asks for another try may be that row's own trouble; its own backoff is enough at first.
  const lone = result.rows === 1 && failures === 1;
  const pause = lone ? options.backoffMs / 2 : backoffMs(failures, options, random);
  return { ...failed, restUntil: latest(asked, later(pause)) };
}

function afterSuccess(flow: Flow, result: CallResult, now: Date): Flow | undefined {
  const restUntil =
    result.afterMs > 0 ? latest(flow.restUntil, new Date(now.getTime() + result.afterMs)) : null;
  if (flow.breaker === 'closed' && flow.failures === 0 && flow.reason === null && restUntil === null)
    return undefined;
  const rest = restUntil ?? (flow.failures > 0 ? null : flow.restUntil);
  return { ...flow, breaker: 'closed', failures: 0, reason: null, probeAt: null, restUntil: rest };
}

/** Half of what was tried, rising by a tenth of it every second at first: additive increase, multiplicative decrease. */
function slower(
  flow: Flow,
  { rows, seconds, calls }: CallResult,
  now: Date,
): Pick<Flow, 'learnedPerSecond' | 'stepPerSecond' | 'learnedAt'> {
  const tried = Math.min((rows / Math.max(seconds, 0.05)) * calls, learnedRate(flow, now) ?? Infinity);
  const half = Math.max(tried / 2, 0.1);
  return { learnedPerSecond: half, stepPerSecond: half / 10, learnedAt: now };
}

const latest = (a: Date | null, b: Date): Date => (a !== null && a > b ? a : b);

/** Claims that may be out at once and the calls each may have out, together exactly `concurrency`; two claims if it can be. */
export function shareCalls(concurrency: number): { claims: number; calls: number } {
  for (let claims = 2; claims <= concurrency; claims++) {
    if (concurrency % claims === 0) return { claims, calls: concurrency / claims };
  }
  return { claims: 1, calls: 1 };
}
