export { FIRST_ID, isId, LAST_ID, newId } from './id';
export { CLOCK, ManualClock, systemClock, type Clock } from './clock';
export { Problem, type FieldError, type ProblemDocument, type ProblemOptions } from './problem';
export { canonicalJson, contentHash } from './canonical-json';
export { DECIMAL_SCALE, toDecimal } from './decimal';
export { describeError } from './describe-error';
export { scrub } from './scrub';
