import type { PluginDescription } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import type { EgressPolicy, Resolve } from './broker';
import { HostFailure, type HostFailureCode } from './host-failure';
import type { Request } from './messages';
import { bestSandbox, type Sandbox } from './sandbox';
import { PluginProcess, type Answer, type ProcessLimits } from './plugin-process';

export interface PluginHostOptions extends Partial<ProcessLimits> {
  /** Without a call for so long the process is stopped. @default 60_000 */
  idleMs?: number;
  /** PEM certificates of authorities to trust besides the public ones. */
  extraCaFile?: string;
  /** @default the best there is */
  sandbox?: Sandbox;
  /** How names become addresses. @default as the machine does it */
  resolve?: Resolve;
  log?(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
  /** Told when the process ends over and over; told again at each end that follows. */
  crashing?(crashes: Crashes): void;
}

/** Ends of a plugin's process, one after the other. */
export interface Crashes {
  crashes: number;
  /** How the last one ended. */
  code: HostFailureCode;
}

/** One version of one connector's settings, as a plugin's process knows it. */
export interface ConnectorHandle {
  id: string;
  version: number;
  policy: EgressPolicy;
  /** Asked only when the process does not hold these settings yet: secrets are decrypted here and nowhere else. */
  settings(): Record<string, unknown>;
}

const LIMITS: ProcessLimits = { heapMb: 128, residentMb: 512, startMs: 15_000 };
const FIRST_REST_MS = 250;
const LONGEST_REST_MS = 30_000;
const MIGRATE_MS = 5000;
/** Somebody may give a call little time: a plugin that keeps to it must not be killed for being a moment late. */
export const CALL_GRACE_MS = 3000;
const HEALTHY_MS = 60_000;
/** Lives in a row that ended before one call was answered. */
const FRUITLESS_LIVES = 5;
/** Lives in a row that ended young, whatever they did. */
const SHORT_LIVES = 20;

/** Runs one plugin version for one workspace in a child process: started on demand, restarted with backoff, stopped when idle. */
export class PluginHost {
  private process?: PluginProcess;
  private starting?: Promise<PluginProcess>;
  private description?: PluginDescription;
  private crashes = 0;
  private fruitless = 0;
  private startedAt = 0;
  private restUntil = 0;
  private calls = 0;
  private idle?: NodeJS.Timeout;
  private stopped = false;
  private retired = false;

  constructor(
    readonly plugin: InstalledPlugin,
    private readonly options: PluginHostOptions = {},
  ) {}

  /** @throws HostFailure when the plugin's code does not load. */
  async describe(): Promise<PluginDescription> {
    if (!this.description) await this.working(async () => undefined);
    return this.description as PluginDescription;
  }

  /** What is wrong with `settings`, by the plugin's own rules. */
  async validate(settings: Record<string, unknown>): Promise<unknown> {
    const answer = await this.working((process) =>
      process.call('', { method: 'validate', settings }, 10_000),
    );
    return 'value' in answer ? answer.value : [];
  }

  /**
   * Settings of version `from` in the shape of the manifest's.
   * @throws HostFailure when the plugin's code fails
   */
  async migrate(settings: Record<string, unknown>, from: number): Promise<Record<string, unknown>> {
    const to = this.plugin.manifest.settingsVersion;
    const answer = await this.working((process) =>
      process.call('', { method: 'migrate', settings, from, to }, MIGRATE_MS),
    );
    return 'value' in answer ? (answer.value as Record<string, unknown>) : settings;
  }

  /**
   * @param graceMs how long the plugin may take to come to an end after `deadlineMs`: without, it is told some time before,
   * and killed then
   * @throws HostFailure, with `sent` telling whether the provider may have been reached.
   */
  call(connector: ConnectorHandle, request: Request, deadlineMs: number, graceMs?: number): Promise<Answer> {
    const until = Date.now() + deadlineMs;
    return this.working(async (process) => {
      const remaining = until - Date.now();
      if (remaining <= 0)
        throw new HostFailure('plugin-deadline', false, 'The deadline passed before the call.');
      const key = `${connector.id}:${connector.version}`;
      if (!process.knows(key)) {
        process.configure(key, connector.settings(), this.description?.secrets ?? []);
        process.allow(key, connector.policy);
        process.forgetOthers(key);
      }
      process.allow(key, connector.policy);
      return graceMs === undefined
        ? process.call(key, request, remaining)
        : process.call(key, request, remaining + graceMs, remaining);
    });
  }

  /** Lets the process start at once again, whatever happened before. */
  forgive(): void {
    this.restUntil = 0;
  }

  /** Stops as soon as no call is out, and as often as it becomes idle again. */
  retire(): void {
    this.retired = true;
    if (this.calls === 0) this.process?.kill('plugin-stopped');
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.idle);
    this.process?.kill('plugin-stopped');
    void this.starting?.then((process) => process.kill('plugin-stopped')).catch(() => undefined);
  }

  /** The child's process id while it runs. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  private async working<T>(work: (process: PluginProcess) => Promise<T>): Promise<T> {
    this.calls += 1;
    clearTimeout(this.idle);
    try {
      return await work(this.process?.alive ? this.process : await this.start());
    } finally {
      this.calls -= 1;
      if (this.calls === 0) this.restWhenIdle();
    }
  }

  private start(): Promise<PluginProcess> {
    if (this.stopped)
      return Promise.reject(new HostFailure('plugin-stopped', false, 'The plugin is stopped.'));
    const rest = this.restUntil - Date.now();
    if (rest > 0) {
      const message = 'The plugin crashed and rests before it is started again.';
      return Promise.reject(new HostFailure('plugin-resting', false, message, Math.ceil(rest / 1000)));
    }
    this.starting ??= this.launch().finally(() => (this.starting = undefined));
    return this.starting;
  }

  private async launch(): Promise<PluginProcess> {
    this.startedAt = Date.now();
    const process: PluginProcess = new PluginProcess(
      this.plugin,
      { ...LIMITS, ...definedOf(this.options) },
      {
        log: (level, message, fields) => this.options.log?.(level, message, fields),
        exit: (code) => this.ended(process, code),
      },
      this.options.sandbox ?? bestSandbox(),
      this.options,
    );
    this.description = await process.ready();
    this.process = process;
    return process;
  }

  private ended(process: PluginProcess, code: HostFailureCode): void {
    if (this.process === process) this.process = undefined;
    if (code === 'plugin-stopped') return;
    const wasHealthy = Date.now() - this.startedAt > HEALTHY_MS;
    this.crashes = wasHealthy ? 1 : this.crashes + 1;
    // Whoever kills it from outside (an operator, the machine short of memory) says nothing about the plugin.
    if (!process.killedFromOutside) this.fruitless = wasHealthy || process.answered ? 0 : this.fruitless + 1;
    this.restUntil = Date.now() + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (this.crashes - 1));
    this.options.log?.('warn', 'A plugin process ended.', { plugin: this.plugin.manifest.id, code });
    if (this.fruitless >= FRUITLESS_LIVES || this.crashes >= SHORT_LIVES)
      this.options.crashing?.({ crashes: this.crashes, code });
  }

  private restWhenIdle(): void {
    clearTimeout(this.idle);
    const idleMs = this.retired ? 0 : (this.options.idleMs ?? 60_000);
    this.idle = setTimeout(() => this.process?.kill('plugin-stopped'), idleMs).unref();
  }
}

function definedOf(options: PluginHostOptions): Partial<ProcessLimits> {
  const { heapMb, residentMb, startMs } = options;
  return Object.fromEntries(
    Object.entries({ heapMb, residentMb, startMs }).filter(([, value]) => value !== undefined),
  );
}
