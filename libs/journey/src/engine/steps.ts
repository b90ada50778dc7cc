import type { Step } from '../definition/definition';

/** The step that follows, if the step has one. */
export const nextOf = (step: Step): string | undefined => ('next' in step ? step.next : undefined);
