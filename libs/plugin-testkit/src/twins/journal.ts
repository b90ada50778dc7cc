import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';

/** A line of a journal: `row` of `rows` lines that were written together. */
export interface JournalLine {
  seq: number;
  time: string;
  row: number;
  rows: number;
}

/** Append-only NDJSON file. One append is one write and one sync, and survives wholly or not at all. */
export class Journal<L extends JournalLine> {
  private constructor(
    private readonly fd: number,
    private readonly lines: L[],
  ) {}

  /** Opens or creates the file; cuts off an incomplete last append. */
  static open<L extends JournalLine>(file: string): Journal<L> {
    const { lines, bytes } = existsSync(file) ? readComplete<L>(readFileSync(file)) : { lines: [], bytes: 0 };
    const fd = openSync(file, 'a');
    ftruncateSync(fd, bytes);
    return new Journal<L>(fd, lines);
  }

  /** Writes the entries as one unit and returns once they are on disk. */
  append(entries: ReadonlyArray<Omit<L, keyof JournalLine>>, time: Date): L[] {
    if (entries.length === 0) return [];
    const first = this.lines.length + 1;
    const added = entries.map((entry, row) => ({
      seq: first + row,
      time: time.toISOString(),
      row,
      rows: entries.length,
      ...entry,
    })) as unknown as L[];
    writeAll(this.fd, Buffer.from(added.map((line) => `${JSON.stringify(line)}\n`).join('')));
    fdatasyncSync(this.fd);
    for (const line of added) this.lines.push(line);
    return added;
  }

  since(seq: number): readonly L[] {
    return seq > 0 ? this.lines.slice(seq) : this.lines;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}

function readComplete<L extends JournalLine>(content: Buffer): { lines: L[]; bytes: number } {
  const lines: L[] = [];
  let bytes = 0;
  let pending: L[] = [];
  let start = 0;
  for (let end = content.indexOf(10, start); end >= 0; end = content.indexOf(10, start)) {
    const line = JSON.parse(content.toString('utf8', start, end)) as L;
    start = end + 1;
    pending.push(line);
    if (line.row !== line.rows - 1) continue;
    for (const complete of pending) lines.push(complete);
    pending = [];
    bytes = start;
  }
  return { lines, bytes };
}
