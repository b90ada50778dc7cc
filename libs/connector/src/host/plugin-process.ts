import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NotConnected, type Fault, type ItemsExchange, type PluginDescription } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { openConnection, type EgressPolicy, type Resolve } from './broker';
import { HostFailure, type HostFailureCode } from './host-failure';
import type { FromChild, Request, ToChild } from './messages';
import { spawnLimited } from './limited-channel';
import { LogLimit, Redactor } from './plugin-log';
import { readablePaths } from './readable-paths';
import type { Sandbox } from './sandbox';
import { toldExchanges } from './told-exchange';

export interface ProcessLimits {
  /** V8's old space. @default 128 */
  heapMb: number;
  /** Resident memory at which the parent kills; the heap flag does not bound buffers. @default 512 */
  residentMb: number;
  /** From fork to ready. @default 15_000 */
  startMs: number;
}

export interface ProcessEvents {
  log(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
  exit(code: HostFailureCode): void;
}

export type Answer = { value: unknown; exchanges?: ItemsExchange[] } | { fault: Fault };

interface Pending {
  resolve: (answer: Answer) => void;
  reject: (failure: HostFailure) => void;
  timer: NodeJS.Timeout;
}

const WATCH_MS = 200;
const OWN_PACKAGE = join(__dirname, '..', '..');
// Always the built file: a child knows no TypeScript, not even under jest.
const CHILD_MAIN = join(OWN_PACKAGE, 'dist', 'host', 'child', 'main.js');
const PAGE_BYTES = 4096;

/** One life of one plugin's child process: no environment of the hub's, no files but its own code, no network but the broker's. */
export class PluginProcess {
  private readonly child: ChildProcess;
  private readonly pending = new Map<number, Pending>();
  private readonly policies = new Map<string, EgressPolicy>();
  private readonly watch: NodeJS.Timeout;
  /** Whether it answered a call. */
  answered = false;
  /** Whether it ended by a SIGKILL that was not the hub's. */
  killedFromOutside = false;
  private readonly resolve?: Resolve;
  private readonly redactor = new Redactor();
  private readonly logLimit = new LogLimit();
  private nextId = 0;
  private ending?: HostFailureCode;
  private ended = false;
  private started?: { resolve: (description: PluginDescription) => void; reject: (failure: Error) => void };

  constructor(
    plugin: InstalledPlugin,
    private readonly limits: ProcessLimits,
    private readonly events: ProcessEvents,
    private readonly sandbox: Sandbox,
    { extraCaFile, resolve }: { extraCaFile?: string; resolve?: Resolve } = {},
  ) {
    this.resolve = resolve;
    const readable = readablePaths([plugin.directory, OWN_PACKAGE]);
    const { file, args } = sandbox.command(
      [
        '--experimental-permission',
        ...readable.map((path) => `--allow-fs-read=${path}/*`),
        `--max-old-space-size=${limits.heapMb}`,
        '--no-warnings',
        CHILD_MAIN,
        plugin.main,
        plugin.manifest.api,
      ],
      extraCaFile === undefined ? readable : [...readable, extraCaFile],
    );
    const options: SpawnOptions = {
      // Node reads that file by itself, before any code of the guest's.
      env: extraCaFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: extraCaFile },
      cwd: '/',
      // A session of its own: a signal to its group reaches nobody else.
      detached: true,
      // What a guest prints may hold anything, so nobody reads it.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    };
    this.child = spawnLimited(file, args, options, () => this.kill('plugin-flood'));
    this.child.on('message', (message) => this.receive(message as FromChild));
    this.child.on('error', () => this.end('plugin-not-started'));
    this.child.on('exit', (_, signal) => {
      this.killedFromOutside = signal === 'SIGKILL' && this.ending === undefined;
      this.end(this.ending ?? (this.started ? 'plugin-not-started' : 'plugin-died'));
    });
    this.watch = setInterval(() => void this.checkMemory(), WATCH_MS).unref();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it can be given calls. */
  get alive(): boolean {
    return !this.ended && this.ending === undefined;
  }

  /** Resolves when the plugin's code is loaded. */
  ready(): Promise<PluginDescription> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.kill('plugin-not-started'), this.limits.startMs);
      this.started = {
        resolve: (description) => {
          clearTimeout(timer);
          resolve(description);
        },
        reject: (failure) => {
          clearTimeout(timer);
          reject(failure);
        },
      };
    });
  }

  knows(connector: string): boolean {
    return this.policies.has(connector);
  }

  /** `secrets` names those of the settings that may stand in no line. */
  configure(connector: string, settings: Record<string, unknown>, secrets: string[]): void {
    this.redactor.hide(secrets.map((name) => settings[name]));
    this.send({ type: 'settings', connector, settings });
  }

  allow(connector: string, policy: EgressPolicy): void {
    this.policies.set(connector, policy);
  }

  /** Drops other versions of the same connector. */
  forgetOthers(connector: string): void {
    const [id] = connector.split(':');
    for (const other of this.policies.keys()) {
      if (other === connector || other.split(':')[0] !== id) continue;
      this.policies.delete(other);
      this.send({ type: 'forget', connector: other });
    }
  }

  /** @param signalMs when the plugin is told to come to an end; the process is killed at `deadlineMs` only. */
  call(
    connector: string,
    request: Request,
    deadlineMs: number,
    signalMs = endOf(deadlineMs),
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!this.alive) {
        reject(new HostFailure('plugin-died', false, 'The plugin process has ended.'));
        return;
      }
      const id = ++this.nextId;
      const timer = setTimeout(() => this.kill('plugin-deadline'), deadlineMs);
      this.pending.set(id, { resolve, reject, timer });
      this.send({ type: 'call', id, connector, request, signalMs });
    });
  }

  /** Ends the process now; calls that are out fail with `code`. */
  kill(code: HostFailureCode): void {
    this.ending ??= code;
    this.child.kill('SIGKILL');
  }

  private send(message: ToChild): void {
    // A channel that is gone is told by 'exit', which settles every call.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  private receive(message: FromChild): void {
    switch (message?.type) {
      case 'ready':
        // Once it has started, only a plugin's own code says so again.
        if (!this.started) return;
        // Said by the plugin's own code, in the place of ours, it describes nothing: the process ends as one that never was ready.
        if (!isDescription(message.description)) return this.kill('plugin-not-started');
        this.started.resolve(message.description);
        this.started = undefined;
        return;
      case 'failed':
        this.started?.reject(
          new HostFailure('plugin-not-started', false, this.redactor.text(message.message)),
        );
        this.started = undefined;
        this.kill('plugin-not-started');
        return;
      case 'connect':
        void this.connect(message);
        return;
      case 'log':
        this.log(message);
        return;
      case 'result':
        this.settle(message);
    }
  }

  private settle(message: Extract<FromChild, { type: 'result' }>): void {
    const pending = this.pending.get(message.id);
    if (!pending) return;
    this.pending.delete(message.id);
    clearTimeout(pending.timer);
    this.answered = true;
    if ('error' in message) {
      pending.reject(
        new HostFailure('plugin-error', true, `The plugin failed: ${String(message.error).slice(0, 100)}`),
      );
    } else if ('fault' in message) {
      const { code, message: text, pointer } = message.fault;
      pending.resolve({ fault: { code, message: this.redactor.secretsOf(text), pointer } });
    } else {
      const { value, exchanges } = message;
      const count = Array.isArray(value) ? value.length : 0;
      const told = exchanges && { exchanges: toldExchanges(exchanges, count, this.redactor) };
      pending.resolve({ value: this.redactor.reasons(value), ...told });
    }
  }

  private log({ level, message, fields }: Extract<FromChild, { type: 'log' }>): void {
    const verdict = this.logLimit.take(Date.now());
    if (verdict === 'drop') return;
    const text =
      verdict === 'last' ? 'It writes too many lines; some are left out.' : this.redactor.text(message);
    this.events.log(level === 'warn' ? 'warn' : 'info', text, this.redactor.fields(fields));
  }

  private async connect({
    id,
    connector,
    host,
    port,
  }: Extract<FromChild, { type: 'connect' }>): Promise<void> {
    try {
      const policy = this.policies.get(connector);
      if (!policy) throw new NotConnected('egress-denied', 'Unknown connector.');
      const socket = await openConnection(String(host), Number(port), policy, this.resolve);
      const message: ToChild = { type: 'socket', id };
      if (this.child.connected) this.child.send(message, socket, (error) => error && socket.destroy());
      else socket.destroy();
    } catch (error) {
      const { code, message } =
        error instanceof NotConnected ? error : { code: 'network', message: 'No connection.' };
      this.send({ type: 'socket', id, error: { code, message } });
    }
  }

  private end(code: HostFailureCode): void {
    if (this.ended) return;
    this.ended = true;
    clearInterval(this.watch);
    this.started?.reject(new HostFailure(code, false, 'The plugin process did not start.'));
    this.started = undefined;
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(new HostFailure(code, true, 'The plugin process ended while a call was out.'));
    }
    this.pending.clear();
    this.events.exit(code);
  }

  /** Linux tells the resident size; elsewhere the heap flag stands alone. */
  private async checkMemory(): Promise<void> {
    const { pid } = this.child;
    // In a sandbox the process that was started waits for the one that runs the plugin.
    const guest =
      this.sandbox.isolation === 'enforced'
        ? (await readProc(`${pid}/task/${pid}/children`))?.split(' ')[0]
        : String(pid);
    const resident = Number((await readProc(`${guest}/statm`))?.split(' ')[1]) * PAGE_BYTES;
    if (resident > this.limits.residentMb * 1024 * 1024) this.kill('plugin-memory');
  }
}

/** A little time is kept back, so that a plugin can still say which items it finished. */
const endOf = (deadlineMs: number): number => Math.floor(Math.max(deadlineMs * 0.85, deadlineMs - 3000));

const readProc = (file: string): Promise<string | undefined> =>
  readFile(`/proc/${file}`, 'utf8').catch(() => undefined);

function isDescription(given: Partial<PluginDescription> | undefined): boolean {
  const { capabilities, operations, settingsSchema, secrets } = given ?? {};
  return (
    [capabilities, secrets].every(Array.isArray) &&
    [operations, settingsSchema].every((one) => typeof one === 'object' && one !== null)
  );
}
