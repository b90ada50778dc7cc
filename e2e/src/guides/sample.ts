import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The clone that holds the guides. */
export const ROOT = join(__dirname, '..', '..', '..');

/** One fenced block of a guide. */
export interface Sample {
  /** Where it stands, e.g. `docs/pull.md:12`. */
  at: string;
  /** What its fence names; empty when it names nothing. */
  language: string;
  text: string;
  /** The file it is to be saved as: the line before the fence ends with that path in backquotes and a colon. */
  file?: string;
}

/** Every fenced block of the guide at `path`, a path within the repository. */
export const readGuide = (path: string): Sample[] => samplesOf(path, readFileSync(join(ROOT, path), 'utf8'));

/** Every fenced block of a Markdown text. */
export function samplesOf(path: string, markdown: string): Sample[] {
  const samples: Sample[] = [];
  let open: (Omit<Sample, 'text'> & { fence: string; lines: string[] }) | undefined;
  let before = '';
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, fence = '', language = ''] = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line) ?? [];
    if (open && line.trim() === open.fence) {
      const { at, lines, file } = open;
      samples.push({ at, language: open.language, text: lines.join('\n'), ...(file ? { file } : {}) });
      open = undefined;
    } else if (open) {
      open.lines.push(line);
    } else if (fence !== '') {
      const file = /`([^`\s]*\.\w+)`:$/.exec(before)?.[1];
      open = { at: `${path}:${index + 1}`, language, fence, lines: [], ...(file ? { file } : {}) };
    }
    if (line.trim() !== '') before = line;
  }
  if (open) throw new UnusableSample(`${open.at}: the block is never closed`);
  return samples;
}

/** A block the tests do not know what to do with, or an exception that stands for none. */
export class UnusableSample extends Error {
  override readonly name = 'UnusableSample';
}
