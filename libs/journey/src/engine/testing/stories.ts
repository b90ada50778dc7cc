import type { Step } from '../../definition/definition';
import type { Answer, Question } from '../protocol';
import { eventOf, journeyOf } from './journeys';
import { Player } from './player';

/** For specs: when stories begin. */
export const T0 = Date.UTC(2026, 10, 25, 12);
export const HOUR = 3_600_000;

export const end = (reason: string): Step => ({ kind: 'end', reason });

/** Somebody who entered a journey of these steps at T0. */
export const play = (
  steps: Record<string, Step>,
  answer: Answer | ((question: Question) => Answer) = { visit: 0 },
): Player =>
  new Player(
    journeyOf(steps),
    typeof answer === 'function' ? answer : ({ visit }) => ({ ...answer, visit }),
  ).enter(T0);

export const tell = (player: Player, name: string, at: number, properties = {}): Player =>
  player.take({ kind: 'event', event: eventOf(name, at, properties) }, at);

/** What was traced, line by line. */
export const told = ({ trace }: Player): string[] => trace.map(({ what, step }) => `${what} ${step}`.trim());
