import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expectAsShown } from './expected';
import { type Sample, UnusableSample } from './sample';
import type { Shell } from './shell';

/** What the guides print as the hub's address; a test's hub listens elsewhere. */
const PRINTED_HUB = 'http://127.0.0.1:8080';
const OUTPUTS = ['json', 'ndjson', 'csv', 'text'];

export interface Reader {
  /** The terminal the reader types into. */
  shell(): Shell;
  /** Where the reader stands: files a guide names are saved below it. */
  folder(): string;
  hubUrl(): string;
  /** Blocks that are not run: how each begins, and why. */
  notRun?: Record<string, string>;
  /** What happens in the reader's world just before the block that begins so. */
  before?: Record<string, () => Promise<void>>;
}

/** One jest test per block, in the guide's order: run, saved as a file, or held against what the block before said. */
export function follow(samples: Sample[], reader: Reader): void {
  const steps = plan(samples, reader);
  let said = '';
  let stuckAt: string | undefined;
  for (const { sample, kind, before } of steps) {
    const name = `${sample.at} ${sample.text.split('\n')[0]?.slice(0, 60)}`;
    it(`${kind}: ${name}`, async () => {
      if (stuckAt) throw new Stuck(`The reader is stuck at ${stuckAt}.`);
      if (kind === 'shows') return expectAsShown(sample.language, sample.text, said);
      stuckAt = sample.at;
      await before?.();
      if (kind === 'saves') save(join(reader.folder(), sample.file ?? ''), sample.text);
      else said = await reader.shell().run(sample.text.replaceAll(PRINTED_HUB, reader.hubUrl()));
      stuckAt = undefined;
    });
  }
}

/** A block that was not reached, since one before it failed. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

export interface Step {
  sample: Sample;
  kind: 'runs' | 'saves' | 'shows';
  before?: () => Promise<void>;
}

/** What is done with each block. @throws UnusableSample for a block nobody knows what to do with, or a stale exception. */
export function plan(
  samples: Sample[],
  { notRun = {}, before = {} }: Pick<Reader, 'notRun' | 'before'>,
): Step[] {
  const unused = new Set([...Object.keys(notRun), ...Object.keys(before)]);
  const startOf = (sample: Sample, starts: object): string | undefined =>
    Object.keys(starts).find((start) => unused.has(start) && sample.text.startsWith(start));
  const steps: Step[] = [];
  for (const sample of samples) {
    const left = startOf(sample, notRun);
    if (left !== undefined) {
      unused.delete(left);
      continue;
    }
    const event = startOf(sample, before);
    if (event !== undefined) unused.delete(event);
    steps.push({ sample, kind: kindOf(sample, steps.at(-1)), ...(event ? { before: before[event] } : {}) });
  }
  if (unused.size > 0) throw new UnusableSample(`No block begins with: ${[...unused].join(' | ')}`);
  return steps;
}

function kindOf(sample: Sample, previous: Step | undefined): Step['kind'] {
  if (sample.file) return 'saves';
  if (sample.language === 'sh') return 'runs';
  if (OUTPUTS.includes(sample.language) && previous?.kind === 'runs') return 'shows';
  throw new UnusableSample(
    `${sample.at}: a block of "${sample.language}" that is neither run, saved, nor what the block before it prints: ` +
      'name its file in the line before, or list it in the test with the reason why it is not run.',
  );
}

function save(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${text}\n`);
}
