export type EngineName = 'postgres' | 'clickhouse' | 'redis';

export const ENGINE_TITLES: Record<EngineName, string> = {
  postgres: 'PostgreSQL',
  clickhouse: 'ClickHouse',
  redis: 'Redis',
};

/** One engine process that this process started and owns. */
export interface Engine {
  readonly name: EngineName;
  /** Carries the generated password: hand it to a client, never to a log. */
  readonly url: string;
  readonly pid: number;
  /** Resolves with a readable cause once the process is gone, whoever ended it. */
  readonly exited: Promise<string>;
  /** Asks for a clean shutdown and resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Where one embedded engine lives. */
export interface EngineOptions {
  /** Folder of data, logs, passwords and last used ports; created when missing. */
  dataDir: string;
  /** Progress for a person, one line each, free of secrets. */
  log?: (line: string) => void;
  /** `pipe` keeps the leash that needs no setpriv; the default takes setpriv where it exists. */
  leash?: Leash;
}

export type Leash = 'auto' | 'pipe';

export type EngineErrorCode =
  | 'url-invalid'
  | 'unreachable'
  | 'authentication'
  | 'protocol'
  | 'version'
  | 'settings'
  | 'in-use'
  | 'not-installed'
  | 'start-failed';

/** A failure a person can act on: `message` is one line, without secrets. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly engine: EngineName,
    readonly code: EngineErrorCode,
    message: string,
  ) {
    super(oneLine(message));
  }
}

export function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').trim();
}

/** `host:port` or the like, for messages; credentials never appear. */
export function describeUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

/** What went wrong, whatever was thrown. */
export function causeOf(error: unknown): string {
  if (error instanceof AggregateError) return causeOf(error.errors[0]);
  if (error instanceof Error) return oneLine(error.message);
  return oneLine(String(error));
}
