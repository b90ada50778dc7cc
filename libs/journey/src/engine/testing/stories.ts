import type { AwaitStep, Step } from '../../definition/definition';
import type { Answer, Question } from '../protocol';
import { eventOf, journeyOf, watched } from './journeys';
import { Player } from './player';

/** For specs: when stories begin. */
export const T0 = Date.UTC(2026, 10, 25, 12);
export const HOUR = 3_600_000;

export const end = (reason: string): Step => ({ kind: 'end', reason });

/** Of an await: what follows an event. */
export const arm = (name: string, next: string): AwaitStep['arms'][number] => ({
  for: { event: watched(name) },
  next,
});

/** Awaits for an hour a click on what `send` sent, or a login; each way ends with its own reason. */
export const clicked: AwaitStep = {
  kind: 'await',
  arms: [{ for: { reaction: { to: 'send', is: 'clicked' } }, next: 'yes' }, arm('Login', 'login')],
  timeoutMs: HOUR,
  next: 'no',
};
export const clickedEnds = { yes: end('yes'), no: end('no'), login: end('login') };

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
