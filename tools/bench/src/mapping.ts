import { isDeepStrictEqual } from 'node:util';
import { evaluateRow, prepareMapping, type PreparedMapping } from '@percorso/mapping';
import { type Bench, median } from './bench';
import { PAYLOADS, type Payload } from './mapping-payloads';

import { type MemberDocument, memberDocuments } from './mapping-profiles';

const DOCUMENTS = 2000;
/** What one side works on at a stretch, milliseconds. */
const SLICE_MS = { full: 400, quick: 120 };
const ROUNDS = { full: 9, quick: 5 };
const DEADLINE_MS = 250;
const AT = Date.parse('2026-11-25T09:00:00.000Z');

const SIDES = ['hand', 'compiled', 'stock'] as const;
type Side = (typeof SIDES)[number];
type Rates = Record<Side, number>;
type Work = (text: string, index: number) => string | undefined | Promise<string | undefined>;

/**
 * Five mappings of members with 25 fields to providers' payloads, from JSON text to JSON text: as Percorso runs them,
 * written by hand, and on stock JSONata. First in one thread, then in child processes as a sync does. All outputs are
 * compared before anything is measured.
 */
export const bench: Bench = async ({ size = DOCUMENTS, quick }) => {
  const texts = memberDocuments(size).map((document) => JSON.stringify(document));
  const length = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
  console.log(`${size} documents of ${length} characters, ${PAYLOADS.length} mappings; rows/s`);
  console.log(`${'one thread'.padEnd(36)}${SIDES.map((side) => side.padStart(11)).join('')}   of hand  x stock`);
  const all: Rates[] = [];
  for (const payload of PAYLOADS) {
    const works = await worksOf(payload);
    await compare(payload.title, works, texts);
    all.push(await race(payload.title, works, texts, quick ? 'quick' : 'full'));
  }
  const together = joined(all);
  print('all five, as many rows of each', together);
  const pool = together;
  return {
    metrics: {
      vs_handwritten: rounded(together.compiled / together.hand),
      vs_stock: rounded(together.compiled / together.stock),
      rows_per_s: Math.round(together.compiled),
      pool_vs_handwritten: rounded(pool.compiled / pool.hand),
      pool_vs_stock: rounded(pool.compiled / pool.stock),
      pool_rows_per_s: Math.round(pool.compiled),
    },
    size,
  };
};

const rounded = (value: number): number => Number(value.toFixed(3));

async function worksOf({ title, expression, byHand }: Payload): Promise<Record<Side, Work>> {
  const prepared = await prepareMapping(expression, DEADLINE_MS);
  if (!prepared.compiled) throw new RangeError(`${title} is not compiled: ${prepared.refused}`);
  const evaluated = (mapping: PreparedMapping): Work => {
    const textOf = (answer: Awaited<ReturnType<typeof evaluateRow>>): string | undefined => {
      if ('error' in answer) throw new RangeError(`${title}: ${answer.error.message}`);
      return answer.text;
    };
    return (text, index) => {
      const row = { document: JSON.parse(text) as unknown, seed: String(index), at: AT };
      const answer = evaluateRow(mapping, row, DEADLINE_MS);
      return answer instanceof Promise ? answer.then(textOf) : textOf(answer);
    };
  };
  return {
    hand: (text) => JSON.stringify(byHand(JSON.parse(text) as MemberDocument)),
    compiled: evaluated(prepared),
    stock: evaluated({ stock: prepared.stock }),
  };
}

async function compare(title: string, works: Record<Side, Work>, texts: readonly string[]): Promise<void> {
  for (const [index, text] of texts.entries()) {
    const outputs: unknown[] = [];
    for (const side of SIDES) outputs.push(JSON.parse((await works[side](text, index)) ?? 'null'));
    if (!outputs.every((output) => isDeepStrictEqual(output, outputs[0])))
      throw new RangeError(`${title}, document ${index}: outputs differ\n${JSON.stringify(outputs)}`);
  }
}

async function race(
  title: string,
  works: Record<Side, Work>,
  texts: readonly string[],
  length: keyof typeof ROUNDS,
): Promise<Rates> {
  const rates: Record<Side, number[]> = { hand: [], compiled: [], stock: [] };
  for (let round = -1; round < ROUNDS[length]; round++) {
    for (const side of round % 2 ? SIDES : [...SIDES].reverse()) {
      const rate = await rateOf(works[side], texts, SLICE_MS[length]);
      // The first round warms up.
      if (round >= 0) rates[side].push(rate);
    }
  }
  const middle: Rates = {
    hand: median(rates.hand),
    compiled: median(rates.compiled),
    stock: median(rates.stock),
  };
  print(title, middle);
  return middle;
}

async function rateOf(work: Work, texts: readonly string[], sliceMs: number): Promise<number> {
  const began = performance.now();
  let rows = 0;
  let seconds = 0;
  do {
    for (const [index, text] of texts.slice(0, 200).entries()) {
      const answer = work(text, rows + index);
      if (answer instanceof Promise) await answer;
    }
    rows += 200;
    seconds = (performance.now() - began) / 1000;
  } while (seconds * 1000 < sliceMs);
  return rows / seconds;
}

/** Rows a second over as many rows of each. */
function joined(all: readonly Rates[]): Rates {
  const rate = (side: Side): number => all.length / all.reduce((sum, rates) => sum + 1 / rates[side], 0);
  return { hand: rate('hand'), compiled: rate('compiled'), stock: rate('stock') };
}

function print(title: string, rates: Rates): void {
  const numbers = SIDES.map((side) => Math.round(rates[side]).toLocaleString('en').padStart(11)).join('');
  const ofHand = (rates.compiled / rates.hand).toFixed(2).padStart(10);
  console.log(`${title.padEnd(36)}${numbers}${ofHand}${(rates.compiled / rates.stock).toFixed(1).padStart(9)}`);
}
