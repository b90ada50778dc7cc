import { type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tieToParent } from '@percorso/engines';

const PATIENCE_MS = 500_000;

/** A block that failed, with what it said. */
export class BlockFailed extends Error {
  override readonly name = 'BlockFailed';
}

/** A reader's terminal: one bash for all blocks of a guide, so that what one sets the next one has. */
export class Shell {
  private readonly folder = mkdtempSync(join(tmpdir(), 'percorso-guide-'));
  private readonly child: ChildProcess;
  private out = '';
  private err = '';
  private ended = false;
  private count = 0;

  constructor(cwd: string, env: NodeJS.ProcessEnv) {
    this.child = tieToParent('bash', ['--noprofile', '--norc'], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString('utf8')));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString('utf8')));
    this.child.on('close', () => (this.ended = true));
    // The first command that fails ends the shell: a reader would stop there too.
    this.child.stdin?.on('error', () => undefined).write('set -e -o pipefail\n');
  }

  /** Runs `text` as printed; what it wrote to standard output. @throws BlockFailed */
  async run(text: string): Promise<string> {
    const file = join(this.folder, `${++this.count}.sh`);
    writeFileSync(file, `${text}\n`);
    const mark = randomBytes(12).toString('hex');
    const [outFrom, errFrom] = [this.out.length, this.err.length];
    this.child.stdin?.write(`source '${file}' </dev/null\nprintf '%s' ${mark}\n`);
    const deadline = Date.now() + PATIENCE_MS;
    while (!this.out.endsWith(mark)) {
      const said = `${this.out.slice(outFrom)}\n${this.err.slice(errFrom)}`.slice(-4000);
      if (this.ended) throw new BlockFailed(`A command of this block failed:\n${text}\n\nIt said:\n${said}`);
      if (Date.now() > deadline)
        throw new BlockFailed(`This block does not end:\n${text}\n\nIt said:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this.out.slice(outFrom, -mark.length);
  }

  /** What a variable holds. */
  async value(name: string): Promise<string> {
    return this.run(`printf '%s' "$${name}"`);
  }

  close(): void {
    this.child.stdin?.end();
    this.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
