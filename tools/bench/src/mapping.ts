import { isDeepStrictEqual } from 'node:util';
import { evaluateRow, prepareMapping, type PreparedMapping } from '@percorso/mapping';
import { type Bench, median } from './bench';
import { PAYLOADS, type Payload } from './mapping-payloads';
import { poolRates } from './mapping-pools';
import { type MemberDocument, memberDocuments } from './mapping-profiles';

const DOCUMENTS = { full: 2000, quick: 400 };
/** A quick run begins no more than two rounds of anything after this, so that it ends within its minute. */
const QUICK_MS = 20_000;
/** What one side works on at a stretch, milliseconds of the processor. */
const SLICE_MS = { full: 120, quick: 50 };
const ROUNDS = { full: 11, quick: 9 };
const DEADLINE_MS = 250;
const AT = Date.parse('2026-11-25T09:00:00.000Z');
/** Documents that take turns while it is measured. */
const IN_TURN = 200;

const SIDES = ['hand', 'compiled', 'stock'] as const;
type Side = (typeof SIDES)[number];
type Rates = Record<Side, number>;
type Work = (text: string, index: number) => string | undefined | Promise<string | undefined>;

/**
 * Five mappings of members with 25 fields to providers' payloads, from JSON text to JSON text: as Percorso runs them,
 * written by hand, and on stock JSONata. First in one thread, by the processor time they take, so that others on the
 * machine matter little; then in child processes as a sync does, by the clock. All outputs are compared.
 */
export const bench: Bench = async ({ quick, size = DOCUMENTS[quick ? 'quick' : 'full'] }) => {
  const started = performance.now();
  const hurry = (): boolean => quick && performance.now() - started > QUICK_MS;
  const documents = memberDocuments(size);
  const texts = documents.map((document) => JSON.stringify(document));
  const length = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
  console.log(`${size} documents of ${length} characters to payloads, rows/s`);
  console.log(
    `${'one thread'.padEnd(36)}${SIDES.map((side) => side.padStart(11)).join('')}   of hand  x stock`,
  );
  const works = await Promise.all(PAYLOADS.map(worksOf));
  for (const [index, { title }] of PAYLOADS.entries()) await compare(title, works[index]!, texts);
  const inTurn = texts.slice(0, IN_TURN);
  const pace = quick ? 'quick' : 'full';
  // Two at a time: what stock JSONata leaves behind would be cleared away in the time of whoever is next.
  const byHand = await race(works, ['hand', 'compiled'], inTurn, pace, hurry);
  const byStock = await race(works, ['compiled', 'stock'], inTurn, pace, hurry);
  for (const [index, { title }] of PAYLOADS.entries())
    print(title, results(rowsOf(byHand, index), rowsOf(byStock, index)));
  const together = results(byHand.map(joined), byStock.map(joined));
  print('all five, as many rows of each', together);
  const pools = await poolRates(documents, quick, hurry);
  const pool = results(pools, pools);
  print('two child processes', pool);
  return {
    metrics: {
      vs_handwritten: rounded(together.ofHand),
      vs_stock: rounded(together.ofStock),
      rows_per_s: Math.round(together.compiled),
      pool_vs_handwritten: rounded(pool.ofHand),
      pool_vs_stock: rounded(pool.ofStock),
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

/** Rounds in which two sides take turns at each mapping: rates by round and mapping. The first warms up. */
async function race(
  works: readonly Record<Side, Work>[],
  sides: readonly [Side, Side],
  texts: readonly string[],
  length: keyof typeof ROUNDS,
  hurry: () => boolean,
): Promise<Rates[][]> {
  const rounds: Rates[][] = [];
  for (let round = 0; round <= (hurry() ? 2 : ROUNDS[length]); round++) {
    const rates: Rates[] = [];
    for (const work of works) {
      const rate: Rates = { hand: 0, compiled: 0, stock: 0 };
      for (const side of round % 2 ? sides : [...sides].reverse())
        rate[side] = await rateOf(work[side], texts, SLICE_MS[length] * (round === 0 ? 4 : 1));
      rates.push(rate);
    }
    if (round > 0) rounds.push(rates);
  }
  return rounds;
}

async function rateOf(work: Work, texts: readonly string[], sliceMs: number): Promise<number> {
  const began = process.cpuUsage();
  let rows = 0;
  let ms = 0;
  do {
    for (const [index, text] of texts.entries()) {
      const answer = work(text, index);
      if (answer instanceof Promise) await answer;
    }
    rows += texts.length;
    const { user, system } = process.cpuUsage(began);
    ms = (user + system) / 1000;
  } while (ms < sliceMs);
  return (rows / ms) * 1000;
}

/** Rows a second over as many rows of each. */
function joined(all: readonly Rates[]): Rates {
  const rate = (side: Side): number => all.length / all.reduce((sum, rates) => sum + 1 / rates[side], 0);
  return { hand: rate('hand'), compiled: rate('compiled'), stock: rate('stock') };
}

const rowsOf = (rounds: readonly Rates[][], mapping: number): Rates[] =>
  rounds.map((rates) => rates[mapping]!);

interface Results extends Rates {
  ofHand: number;
  ofStock: number;
}

/** The middle of the rounds; of a ratio, that of the ratios, since what slows a round slows both its sides. */
function results(byHand: readonly Rates[], byStock: readonly Rates[]): Results {
  return {
    hand: median(byHand.map(({ hand }) => hand)),
    compiled: median(byHand.map(({ compiled }) => compiled)),
    stock: median(byStock.map(({ stock }) => stock)),
    ofHand: median(byHand.map(({ compiled, hand }) => compiled / hand)),
    ofStock: median(byStock.map(({ compiled, stock }) => compiled / stock)),
  };
}

function print(title: string, rates: Results): void {
  const numbers = SIDES.map((side) => Math.round(rates[side]).toLocaleString('en').padStart(11)).join('');
  console.log(
    `${title.padEnd(36)}${numbers}${rates.ofHand.toFixed(2).padStart(10)}${rates.ofStock.toFixed(1).padStart(9)}`,
  );
}
