/** Injection token of DeliveryOptions. */
export const DELIVERY_OPTIONS = Symbol('DeliveryOptions');

/** Times are in milliseconds. */
export interface DeliveryOptions {
  /** Longest one call to a provider may take. */
  deadlineMs: number;
  /** Added to the deadline before an effect whose worker fell silent counts as unknown. */
  graceMs: number;
  /** Calls one connector may have out at once, unless its admin says otherwise. */
  callsPerLane: number;
  /** Claims that this process makes at once, those it may have out in all, and of one workspace. */
  turnsAtOnce: number;
  callsAtOnce: number;
  callsPerWorkspace: number;
  /** Calls that fail in a row before a connector's, or a host's, breaker opens. */
  breakerFailures: number;
  /** Tries before a retryable effect is rejected as 'retries-exhausted'. */
  maxAttempts: number;
  backoffMs: number;
  maxBackoffMs: number;
  /** Rest before a provider is first asked whether an unknown effect arrived. */
  lookupDelayMs: number;
  /** How long a provider is asked before an unknown stays listed. */
  lookupWindowMs: number;
  /** Between two looks for open work in PostgreSQL. */
  tickMs: number;
}

export const DEFAULT_DELIVERY: DeliveryOptions = {
  deadlineMs: 20_000,
  graceMs: 5_000,
  callsPerLane: 2,
  turnsAtOnce: 4,
  callsAtOnce: 512,
  callsPerWorkspace: 256,
  breakerFailures: 3,
  maxAttempts: 20,
  backoffMs: 1_000,
  maxBackoffMs: 600_000,
  lookupDelayMs: 10_000,
  lookupWindowMs: 24 * 3_600_000,
  tickMs: 2_000,
};
