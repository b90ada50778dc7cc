import type { Instance } from './instance';

/** Names the effect of a visit, in the ledger of delivery and in what providers report back. */
export const visitKey = ({ id }: Pick<Instance, 'id'>, visit: number): string => `journey:${id}:${visit}`;
