/** Injection token of FeedbackOptions. */
export const FEEDBACK_OPTIONS = Symbol('FeedbackOptions');

/** Calls of hooks a minute that one process takes, and more than that answers 429. */
export interface HookLimits {
  perHook: number;
  /** From one address, of whatever hooks; providers call all their customers' hooks from few. */
  perSource: number;
  /**
   * From one address to one hook, that were not believed or found no hook. Not from one address to all: what a provider
   * reports to a hook that is set up wrongly must not keep it from the others.
   */
  refused: number;
  /** Not a minute but at the same time: what they hold of memory is bounded by it. */
  atOnce: number;
  /** Milliseconds until a body must be there. */
  bodyMs: number;
}

export const DEFAULT_HOOK_LIMITS: HookLimits = {
  perHook: 30_000,
  perSource: 120_000,
  refused: 60,
  atOnce: 100,
  bodyMs: 10_000,
};

export interface FeedbackOptions {
  /** How providers reach the hub, such as https://hub.example.org; by default what the request was sent to. */
  publicUrl?: string;
  hookLimits?: Partial<HookLimits>;
}
