import assert from 'node:assert/strict';
import type { MessageEvent, Outcome } from '@percorso/plugin-kit';
import type { Ground } from '../ground';
import type { AnyPaper, Receipt, ReceiptPaper, Stoppable } from '../paper';
import { assertAbout } from './told';
import type { Question } from './question';

/** What the provider tells afterwards, and what strangers would like to tell in its name. */
export function receipts(paper: AnyPaper): Question[] {
  const { receipts: told } = paper;
  if (!told) return [];
  const { proof, staleSeconds } = told;
  const questions: Question[] = [
    { name: 'a receipt becomes events about the message', ask: (ground) => genuine(ground, told) },
    { name: 'a receipt told twice tells the same facts', ask: (ground) => repeated(ground, told) },
    { name: 'what is no receipt tells nothing', ask: (ground) => nonsense(ground, told) },
  ];
  if (proof !== undefined)
    questions.push({ name: 'a forged receipt is refused', ask: (ground) => forged(ground, told, proof) });
  if (staleSeconds !== undefined)
    questions.push({
      name: 'a receipt replayed later is refused',
      ask: (ground) => replayed(ground, told, staleSeconds),
    });
  return questions;
}

async function read(ground: Ground, { raw, request }: Receipt): Promise<Outcome<MessageEvent[]>> {
  return ground.run.receipts(raw, request);
}

async function genuine(ground: Ground, paper: ReceiptPaper<Stoppable>): Promise<void> {
  const item = await ground.delivered();
  const outcome = await read(ground, await paper.told(ground.twin, item, 0));
  assert('value' in outcome, `refused: ${JSON.stringify(outcome)}`);
  assert(outcome.value.length > 0, 'no event came of it');
  assertAbout(ground, item, outcome.value);
}

async function repeated(ground: Ground, paper: ReceiptPaper<Stoppable>): Promise<void> {
  const items = [await ground.delivered(), await ground.delivered()];
  const told = await Promise.all(items.map((item) => paper.told(ground.twin, item, 0)));
  const ids: string[][] = [];
  for (const receipt of [...told, told[0] as Receipt]) {
    const outcome = await read(ground, receipt);
    assert('value' in outcome, `refused: ${JSON.stringify(outcome)}`);
    ids.push(outcome.value.map(({ id }) => id));
  }
  assert(ids[0]?.length, 'no event came of it');
  assert.deepEqual(ids[2], ids[0], 'told again, the same fact has another id');
  const all = [...(ids[0] ?? []), ...(ids[1] ?? [])];
  assert.equal(new Set(all).size, all.length, 'two facts have one id');
}

async function nonsense(ground: Ground, paper: ReceiptPaper<Stoppable>): Promise<void> {
  const { request } = await paper.told(ground.twin, await ground.delivered(), 0);
  for (const raw of ['', 'nonsense', '{}', '[null]', '[{}]', 'a=b', '\u0000', '{"__proto__":1}']) {
    await tellsNothing(ground, { raw }, 'handed in');
    if (request) await tellsNothing(ground, { raw, request }, 'posted');
  }
}

async function forged(ground: Ground, paper: ReceiptPaper<Stoppable>, proof: string): Promise<void> {
  const { raw, request } = await paper.told(ground.twin, await ground.delivered(), 0);
  assert(request, 'a receipt with proof comes with its request');
  const { [proof]: signature, ...headers } = request.headers;
  assert(signature, `the receipt has no header ${proof}`);
  const withProof = (value: string): Receipt => ({
    raw,
    request: { ...request, headers: { ...headers, [proof]: value } },
  });
  await refused(ground, { raw: `${raw} `, request }, 'its text was changed');
  await refused(ground, { raw, request: { ...request, headers } }, 'its proof is missing');
  await refused(ground, withProof(''), 'its proof is empty');
  await refused(ground, withProof('nonsense'), 'its proof is nonsense');
  await refused(ground, withProof(changedInside(signature)), 'its proof was changed');
}

async function replayed(ground: Ground, paper: ReceiptPaper<Stoppable>, age: number): Promise<void> {
  await refused(ground, await paper.told(ground.twin, await ground.delivered(), age), `it is ${age} s old`);
}

async function refused(ground: Ground, receipt: Receipt, why: string): Promise<void> {
  const outcome = await read(ground, receipt);
  assert('fault' in outcome, `a receipt is believed though ${why}`);
  assert.equal(outcome.fault.code, 'bad-receipt', `though ${why}, it is told as ${outcome.fault.code}`);
}

async function tellsNothing(ground: Ground, receipt: Receipt, how: string): Promise<void> {
  const outcome = await read(ground, receipt).catch((error: unknown) => {
    assert.fail(`${how}, ${JSON.stringify(receipt.raw)} is answered with ${String(error)}`);
  });
  if ('fault' in outcome) assert.equal(outcome.fault.code, 'bad-receipt');
  else assert.equal(outcome.value.length, 0, `${how}, ${JSON.stringify(receipt.raw)} becomes events`);
}

/** A letter in the middle: the ends of base64 hold bits that nobody reads. */
function changedInside(signature: string): string {
  const at = Math.floor(signature.length / 2);
  return `${signature.slice(0, at)}${signature[at] === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`;
}
