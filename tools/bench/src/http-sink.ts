import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface SunkRow {
  path: string;
  body: string;
  /** Milliseconds since 1970. */
  at: number;
}

export type ToSink = 'take' | 'release';
export type FromSink = { url: string } | { came: SunkRow[] };

/** A fast HTTP server in a process of its own that keeps what it was posted. On /sick it takes rows and never answers. */
export class HttpSink {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  static async start(): Promise<HttpSink> {
    const child = fork(join(__dirname, 'http-sink-process.js'), {
      stdio: 'inherit',
      serialization: 'advanced',
    });
    const [first] = (await once(child, 'message')) as [FromSink];
    return new HttpSink(child, 'url' in first ? first.url : '');
  }

  /** The rows that came since the last time. */
  async take(): Promise<SunkRow[]> {
    this.child.send('take' satisfies ToSink);
    const [answer] = (await once(this.child, 'message')) as [FromSink];
    return 'came' in answer ? answer.came : [];
  }

  /** Ends the requests that were never answered, and later ones at once, so that whoever waits for them need not. */
  release(): void {
    this.child.send('release' satisfies ToSink);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }
}
