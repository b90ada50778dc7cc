import type { PluginDescription } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import type { EgressPolicy } from './broker';
import { HostFailure, type HostFailureCode } from './host-failure';
import type { Request } from './messages';
import { PluginProcess, type Answer, type ProcessLimits } from './plugin-process';

export interface PluginHostOptions extends Partial<ProcessLimits> {
  /** Without a call for so long the process is stopped. @default 60_000 */
  idleMs?: number;
  /** PEM certificates of authorities to trust besides the public ones. */
  extraCaFile?: string;
  log?(level: 'info' | 'warn', message: string, fields?: Record<string, unknown>): void;
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
const HEALTHY_MS = 60_000;

/** Runs one plugin version for one workspace in a child process: started on demand, restarted with backoff, stopped when idle. */
export class PluginHost {
  private process?: PluginProcess;
  private starting?: Promise<PluginProcess>;
  private description?: PluginDescription;
  private crashes = 0;
  private startedAt = 0;
  private restUntil = 0;
  private calls = 0;
  private idle?: NodeJS.Timeout;
  private stopped = false;

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

  /** @throws HostFailure, with `sent` telling whether the provider may have been reached. */
  call(connector: ConnectorHandle, request: Request, deadlineMs: number): Promise<Answer> {
    const until = Date.now() + deadlineMs;
    return this.working(async (process) => {
      const remaining = until - Date.now();
      if (remaining <= 0)
        throw new HostFailure('plugin-deadline', false, 'The deadline passed before the call.');
      const key = `${connector.id}:${connector.version}`;
      if (!process.knows(key)) {
        process.configure(key, connector.settings());
        process.allow(key, connector.policy);
        process.forgetOthers(key);
      }
      process.allow(key, connector.policy);
      return process.call(key, request, remaining);
    });
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
    const process: PluginProcess = new PluginProcess(
      this.plugin,
      { ...LIMITS, ...definedOf(this.options) },
      {
        log: (level, message, fields) => this.options.log?.(level, message, fields),
        exit: (code) => this.ended(process, code),
      },
      this.options.extraCaFile,
    );
    this.description = await process.ready();
    this.process = process;
    this.startedAt = Date.now();
    return process;
  }

  private ended(process: PluginProcess, code: HostFailureCode): void {
    if (this.process === process) this.process = undefined;
    if (code === 'plugin-stopped') return;
    this.crashes = Date.now() - this.startedAt > HEALTHY_MS ? 1 : this.crashes + 1;
    this.restUntil = Date.now() + Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (this.crashes - 1));
    this.options.log?.('warn', 'A plugin process ended.', { plugin: this.plugin.manifest.id, code });
  }

  private restWhenIdle(): void {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.process?.kill('plugin-stopped'), this.options.idleMs ?? 60_000).unref();
  }
}

function definedOf(options: PluginHostOptions): Partial<ProcessLimits> {
  const { heapMb, residentMb, startMs } = options;
  return Object.fromEntries(
    Object.entries({ heapMb, residentMb, startMs }).filter(([, value]) => value !== undefined),
  );
}
