import { readFileSync } from 'node:fs';
import type { Operation, Plugin } from '@percorso/plugin-kit';
import type { StartRun } from './run';

/** What the exam asks for besides the plugin: a provider's twin, payloads, and ways to make the twin misbehave. */
export interface Paper<S extends object, T extends { stop(): Promise<void> }> {
  plugin: Plugin<S>;
  /** The plugin's package.json: its path, or what it holds. */
  packageJson: string | object;
  /** Starts the provider's twin. */
  twin(): Promise<T>;
  /** Settings for that twin, secrets included. */
  settings(twin: T): Record<string, unknown>;
  /** Changes to the settings that make the credentials wrong. */
  wrongCredentials: Record<string, unknown>;
  /** Changes to the settings that lead to a port nobody listens on. */
  unreachable: Record<string, unknown>;
  operation: Operation;
  /** A good payload; other for each `n`. */
  payload(n: number): Record<string, unknown>;
  /** A payload the provider refuses for good. */
  refused(twin: T): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** A payload too large for the provider. */
  oversized(): Record<string, unknown>;
  /** What the payload is known by at the twin. */
  mark(payload: Record<string, unknown>): string;
  /** The marks of all the twin holds: messages it took, or records it has. */
  arrived(twin: T): Promise<string[]>;
  faults: Partial<Record<FaultName, (twin: T, seconds?: number) => Promise<unknown>>>;
  /** Faults this provider cannot have, and why. */
  without?: Partial<Record<FaultName, string>>;
  /** How the plugin is run. @default in this process */
  run?: StartRun;
}

/** Each hits exactly the next call. */
export const FAULTS = {
  throttle: 'asks to slow down, with the seconds given',
  throttleBare: 'asks to slow down, without saying how long',
  unavailable: 'is out of service for a moment',
  broken: 'fails inside',
  slow: 'answers after the seconds given',
  dropBefore: 'cuts the connection without accepting',
  dropAfter: 'accepts, then cuts the connection without an answer',
} as const;
export type FaultName = keyof typeof FAULTS;

/** The faults the paper neither makes nor explains. */
export function missingFaults<S extends object, T extends { stop(): Promise<void> }>(
  paper: Pick<Paper<S, T>, 'faults' | 'without'>,
): string[] {
  return (Object.keys(FAULTS) as FaultName[])
    .filter((name) => !paper.faults[name] && !paper.without?.[name])
    .map((name) => `${name}: the provider ${FAULTS[name]}`);
}

/** What the plugin's package.json holds. */
export function readPackageJson(packageJson: string | object): unknown {
  return typeof packageJson === 'string' ? JSON.parse(readFileSync(packageJson, 'utf8')) : packageJson;
}
