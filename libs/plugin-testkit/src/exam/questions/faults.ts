import assert from 'node:assert/strict';
import type { Item } from '@percorso/plugin-kit';
import { expectAll, type Ground } from '../ground';
import { FAULTS, type FaultName, type AnyPaper } from '../paper';
import type { Question } from './question';

const SLOW_MS = 2000;
/** Longer than any plugin's own patience for one call would excuse. */
const SLOW_ANSWER_S = 6;
/** A busy machine may be late, but never as late as the answer. */
const LATE_MS = 3000;

/** A provider in trouble: what was surely not accepted is tried again, what may have been is in doubt. */
export function faults(paper: AnyPaper): Question[] {
  const asked: Record<FaultName, (ground: Ground) => Promise<void>> = {
    throttle: (ground) => throttled(ground, 'throttle', 7),
    throttleBare: (ground) => throttled(ground, 'throttleBare'),
    unavailable: (ground) => throttled(ground, 'unavailable'),
    broken: (ground) => inDoubt(ground, 'broken'),
    slow: (ground) => slow(ground, 'slow'),
    slowBody: (ground) => slow(ground, 'slowBody'),
    dropBefore: (ground) => inDoubt(ground, 'dropBefore'),
    dropAfter: (ground) => acceptedUnheard(ground),
  };
  return (Object.keys(FAULTS) as FaultName[]).flatMap((name) =>
    paper.faults[name] ? [{ name: `when the provider ${FAULTS[name]}`, ask: asked[name] }] : [],
  );
}

async function throttled(ground: Ground, name: FaultName, seconds?: number): Promise<void> {
  const [item] = ground.items(1) as [Item];
  await ground.inject(name, seconds);
  const [verdict] = await ground.deliver([item]);
  assert(verdict?.status === 'retry', `expected retry, not ${JSON.stringify(verdict)}`);
  if (seconds !== undefined) assert.equal(verdict.afterSeconds, seconds, 'the seconds asked for are lost');
  await ground.arrivedTimes(0, item);
  expectAll(await ground.deliver([item]), 'accepted');
  await ground.arrivedTimes(1, item);
}

async function inDoubt(ground: Ground, name: FaultName): Promise<void> {
  const [item] = ground.items(1) as [Item];
  await ground.inject(name);
  expectAll(await ground.deliver([item]), 'unknown', 'retry');
  await ground.arrivedTimes(0, item);
  expectAll(await ground.deliver(ground.items(1)), 'accepted');
}

async function acceptedUnheard(ground: Ground): Promise<void> {
  const [item] = ground.items(1) as [Item];
  await ground.inject('dropAfter');
  expectAll(await ground.deliver([item]), 'unknown');
  await ground.arrivedTimes(1, item);
  const { idempotency } = ground.limits;
  if (idempotency === 'none') return;
  if (idempotency === 'lookup')
    return assert.deepEqual(await ground.run.lookup([item]), { value: ['accepted'] });
  expectAll(await ground.deliver([item]), 'accepted');
  await ground.arrivedTimes(1, item);
}

/** It may have been accepted: nothing but doubt is true, in time for the deadline. */
async function slow(ground: Ground, name: FaultName): Promise<void> {
  const [item] = ground.items(1) as [Item];
  await ground.inject(name, SLOW_ANSWER_S);
  const started = Date.now();
  expectAll(await ground.deliver([item], { deadlineMs: SLOW_MS }), 'unknown');
  assert(Date.now() - started < SLOW_MS + LATE_MS, 'the deadline is not kept');
  await ground.recovers();
}
