import type { Operation } from '@percorso/plugin-kit';

/** Each connector has a lane for each: what someone waits for, what must leave the target, and everything else. */
export const PRIORITIES = ['transactional', 'removal', 'bulk'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const priorityNumber = (priority: Priority): number => PRIORITIES.indexOf(priority);

export function priorityOf(operation: Operation, asked: 'transactional' | 'bulk' = 'bulk'): Priority {
  return operation === 'remove' ? 'removal' : asked;
}

/** Every so many turns of a connector the least urgent goes first, so that no lane starves. */
const ODD_TURN = 8;

/** Lanes of a connector by who goes first at its `turn`, as numbers. */
export function lanesInTurn(turn: number): number[] {
  const lanes = PRIORITIES.map((_, number) => number);
  return turn % ODD_TURN === ODD_TURN - 1 ? lanes.reverse() : lanes;
}
