export type * from './definition/definition';
export type * from './engine/advance';
export type * from './engine/instance';
