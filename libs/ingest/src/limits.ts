/** Bytes of one event's JSON text at most; a larger one is quarantined. */
export const MAX_EVENT_BYTES = 32 * 1024;
/** Bytes of a request's body at most, before and after inflating. */
export const MAX_BODY_BYTES = 500 * 1024;
/** Events in one batch at most. */
export const MAX_BATCH_EVENTS = 2500;
/** Levels of nesting in an event at most; the event itself is level 1. */
export const MAX_DEPTH = 64;
/** Characters of an id (user, anonymous, group, previous) at most. */
export const MAX_ID_LENGTH = 512;
/** Characters of a message id at most. */
export const MAX_MESSAGE_ID_LENGTH = 100;
/** Characters of an event's name at most. */
export const MAX_NAME_LENGTH = 512;
/** Days within which a message id is recognised as already seen, at least. */
export const DEDUPE_DAYS = 7;
