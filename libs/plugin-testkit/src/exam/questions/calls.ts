import assert from 'node:assert/strict';
import { RESPONSE_BYTES, type Item, type Verdict } from '@percorso/plugin-kit';
import { expectAll, type Ground } from '../ground';
import type { AnyPaper, CallPaper, Stoppable } from '../paper';
import type { Question } from './question';

const SIDE_BY_SIDE = 5;
/** The time that a journey gives a call, and when the provider answers. */
const PATIENCE_MS = 1500;
const TOO_LATE_S = 5;
const LATE_MS = 3000;

/** What a journey asks of a provider, and goes on with. */
export function calls(paper: AnyPaper): Question[] {
  const { call, faults } = paper;
  if (!call) return [];
  return [
    { name: 'calls side by side each have their own response', ask: (ground) => responses(ground, call) },
    { name: 'a refused call says why, and has no response', ask: (ground) => refused(ground, call) },
    ...(faults.slow
      ? [{ name: 'a call ends when its time is over', ask: (ground: Ground) => inTime(ground, call) }]
      : []),
  ];
}

const ask = (ground: Ground, items: Item[], deadlineMs?: number): Promise<Verdict[]> =>
  ground.deliver(items, { operation: 'call', deadlineMs });

async function responses(ground: Ground, paper: CallPaper<Stoppable>): Promise<void> {
  const payloads = Array.from({ length: SIDE_BY_SIDE }, (_, n) => paper.payload(n + 1));
  const size = Math.max(1, Math.min(SIDE_BY_SIDE, ground.limitsOf('call').batch));
  const batches = Array.from({ length: Math.ceil(SIDE_BY_SIDE / size) }, (_, at) =>
    payloads.slice(at * size, (at + 1) * size).map((payload) => ground.item(payload)),
  );
  const verdicts = (await Promise.all(batches.map((items) => ask(ground, items)))).flat();
  expectAll(verdicts, 'accepted');
  for (const [at, verdict] of verdicts.entries()) {
    const { response } = verdict as Verdict & { status: 'accepted' };
    assert.deepEqual(response, await paper.response(payloads[at]!, ground.twin), 'it is not what was said');
    assert(Buffer.byteLength(JSON.stringify(response)) <= RESPONSE_BYTES, 'the response is too large');
  }
}

async function refused(ground: Ground, paper: CallPaper<Stoppable>): Promise<void> {
  const [verdict] = await ask(ground, [ground.item(await paper.refused(ground.twin))]);
  assert(verdict?.status === 'rejected', `expected rejected, not ${JSON.stringify(verdict)}`);
  assert(verdict.code !== '' && verdict.reason !== '', 'a rejection needs a code and a reason');
}

/** Somebody waits: a journey takes its other path at once, and the calls of others go on. */
async function inTime(ground: Ground, paper: CallPaper<Stoppable>): Promise<void> {
  await ground.inject('slow', TOO_LATE_S);
  const started = Date.now();
  const late = ask(ground, [ground.item(paper.payload(1))], PATIENCE_MS);
  expectAll(await late, 'unknown');
  assert(Date.now() - started < PATIENCE_MS + LATE_MS, 'it does not end with ctx.signal');
  expectAll(await ask(ground, [ground.item(paper.payload(2))]), 'accepted');
}
