import { ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A twin did not start. */
export class TwinStartError extends Error {
  override readonly name = 'TwinStartError';
}

/** What every twin prints as its one line when it is ready. */
export interface TwinAddress {
  url: string;
  controlUrl: string;
}

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;

/** A twin running as a child process; it ends with its parent, because it watches its stdin. */
export class TwinProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly address: TwinAddress,
    private readonly ended: Promise<void>,
  ) {}

  /** Starts `dist/twins/<name>/main.js` of this package and waits for its address. */
  static async start(name: string, args: string[]): Promise<TwinProcess> {
    const main = join(__dirname, '..', '..', 'dist', 'twins', name, 'main.js');
    if (!existsSync(main)) throw new TwinStartError(`${name} is not built: run tsc -b libs/plugin-testkit`);
    const child = spawn(process.execPath, [main, '--exit-with-stdin', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)));
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const address = await new Promise<TwinAddress>((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        reject(new TwinStartError(`${name} said nothing for ${START_TIMEOUT_MS} ms`));
      }, START_TIMEOUT_MS);
      createInterface({ input: child.stdout }).once('line', (line) => {
        clearTimeout(timer);
        resolve(JSON.parse(line) as TwinAddress);
      });
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new TwinStartError(`${name} ended with ${code}: ${stderr}`));
      });
    });
    return new TwinProcess(child, address, ended);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Orderly end. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** As a crash: no chance to tidy up. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }
}

/** Command line of options: undefined is left out, true is a bare flag, arrays repeat the flag. */
export function toArguments(
  options: Record<string, string | number | boolean | string[] | undefined>,
): string[] {
  return Object.entries(options).flatMap(([flag, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${flag}`];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [`--${flag}`, String(one)]);
  });
}
