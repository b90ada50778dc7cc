import { Check } from './context';

/** What a person watches: a line per step, and progress that rewrites itself where there is a terminal. */
export class Progress {
  private open = false;

  constructor(
    private readonly out: NodeJS.WriteStream,
    private readonly started = Date.now(),
  ) {}

  step(number: number, title: string): void {
    this.end();
    this.out.write(`\n${this.clock()}  ${number}. ${title}\n`);
  }

  say(line: string): void {
    if (this.out.isTTY && /^(sent|applied) /.test(line)) {
      this.out.write(`\r\x1b[K            ${line}`);
      this.open = true;
      return;
    }
    this.end();
    this.out.write(`            ${line}\n`);
  }

  end(): void {
    if (this.open) this.out.write('\n');
    this.open = false;
  }

  private clock(): string {
    return `${((Date.now() - this.started) / 1000).toFixed(1).padStart(6)} s`;
  }
}

/** The reconciliation as a table, and how many checks did not hold. */
export function table(checks: readonly Check[]): { text: string; failed: number } {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.map(
    ({ name, expected, actual, ok }) =>
      `${ok ? '  ok  ' : ' FAIL '} ${name.padEnd(width)}  ${String(expected).padStart(9)}  ${String(actual).padStart(9)}`,
  );
  const head = `${' '.repeat(6)} ${'check'.padEnd(width)}  ${'expected'.padStart(9)}  ${'actual'.padStart(9)}`;
  return { text: [head, ...lines].join('\n'), failed: checks.filter(({ ok }) => !ok).length };
}
