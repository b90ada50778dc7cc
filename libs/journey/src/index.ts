export type * from './definition/definition';
export { advance, dueOf, enter, type Entering } from './engine/advance';
export type * from './engine/instance';
export type * from './engine/protocol';
export { visitKey } from './engine/visit-key';
