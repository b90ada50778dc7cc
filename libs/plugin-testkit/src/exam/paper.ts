import { readFileSync } from 'node:fs';
import type { Operation, Plugin, ReceiptRequest } from '@percorso/plugin-kit';
import type { SeenCall } from '../twins/http/http-provider';
import type { StartRun } from './run';

/** A twin of the provider, as far as the exam itself needs it. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** What the exam asks for besides the plugin: a provider's twin, payloads, and ways to make the twin misbehave. */
export interface Paper<S extends object, T extends Stoppable> {
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
  /** The marks of all the twin holds: messages it took, or records it has. What is removed is not among them. */
  arrived(twin: T): Promise<string[]>;
  faults: Partial<Record<FaultName, (twin: T, seconds?: number) => Promise<unknown>>>;
  receipts?: ReceiptPaper<T>;
  /** Of a plugin with `call`. */
  call?: CallPaper<T>;
  feedback?: FeedbackPaper<T>;
  contract?: ContractPaper<T>;
  /** What is left out of this exam, and why. */
  without?: Partial<Record<Topic, string>>;
  /** How the plugin is run. @default in this process */
  run?: StartRun;
}

/** A paper as the exam sees it: what is inside the twin is known to the paper's own functions alone. */
export type AnyPaper = Paper<object, Stoppable>;

/** What a provider posts or mails back, and how it came. */
export interface Receipt {
  raw: string;
  /** Absent where somebody with a key hands it in. */
  request?: ReceiptRequest;
}

export interface Delivered {
  key: string;
  payload: Record<string, unknown>;
  providerId?: string;
}

export interface ReceiptPaper<T> {
  /** What the provider tells of a delivered item; `ageSeconds` ago, where it signs the time. */
  told(twin: T, item: Delivered, ageSeconds: number): Promise<Receipt> | Receipt;
  /** The header that proves who sent it, in lower case. */
  proof?: string;
  /** How old a receipt must be to be refused as a replay. */
  staleSeconds?: number;
}

export interface CallPaper<T> {
  /** A payload that the provider answers; another for each `n`. */
  payload(n: number): Record<string, unknown>;
  /** What it is answered with, as the plugin hands it on. */
  response(payload: Record<string, unknown>, twin: T): unknown;
  /** A payload that the provider refuses. */
  refused(twin: T): Promise<Record<string, unknown>> | Record<string, unknown>;
}

export interface FeedbackPaper<T> {
  /** Makes something happen to a delivered item that the provider tells when it is asked. */
  happened(twin: T, item: Delivered): Promise<unknown> | unknown;
}

export interface ContractPaper<T> {
  /** The vendor's OpenAPI document, as JSON; undefined where it is not at hand, and the question is left out. */
  document: string | undefined;
  /** The calls the twin has seen; those it refuses are not judged. */
  calls(twin: T): Promise<readonly SeenCall[]>;
}

/** Each hits exactly the next call. */
export const FAULTS = {
  throttle: 'asks to slow down, with the seconds given',
  throttleBare: 'asks to slow down, without saying how long',
  unavailable: 'is out of service for a moment',
  broken: 'fails inside',
  slow: 'answers after the seconds given',
  slowBody: 'begins its answer, and ends it after the seconds given',
  dropBefore: 'cuts the connection without accepting',
  dropAfter: 'accepts, then cuts the connection without an answer',
} as const;
export type FaultName = keyof typeof FAULTS;

const OTHERS = {
  call: 'what calls are answered with',
  receipts: 'what the provider tells of its messages',
  proof: 'the header that proves a receipt',
  stale: 'the age at which a receipt is refused',
  feedback: 'what the provider tells when it is asked',
  erasure: 'a person is taken out of the provider again, by "remove"',
  contract: "the vendor's OpenAPI document",
} as const;
export type Topic = FaultName | keyof typeof OTHERS;

/** What the paper neither brings nor explains. */
export function missing(paper: AnyPaper): string[] {
  const { plugin, faults, receipts, feedback, call, contract, without = {} } = paper;
  const topics: [Topic, unknown, string][] = [
    ...(Object.keys(FAULTS) as FaultName[]).map((name): [Topic, unknown, string] => [
      name,
      faults[name],
      `the provider ${FAULTS[name]}`,
    ]),
    ['call', call ?? !plugin.call, OTHERS.call],
    ['receipts', receipts ?? !plugin.receipts, OTHERS.receipts],
    ['proof', receipts?.proof ?? !receipts, OTHERS.proof],
    ['stale', receipts?.staleSeconds ?? !receipts, OTHERS.stale],
    ['feedback', feedback ?? !plugin.feedback, OTHERS.feedback],
    // Who only answers calls keeps nobody.
    ['erasure', plugin.remove ?? !(plugin.send ?? plugin.upsert), OTHERS.erasure],
    ['contract', contract, OTHERS.contract],
  ];
  return topics.flatMap(([topic, brought, what]) => (brought || without[topic] ? [] : [`${topic}: ${what}`]));
}

/** What the plugin's package.json holds. */
export function readPackageJson(packageJson: string | object): unknown {
  return typeof packageJson === 'string' ? JSON.parse(readFileSync(packageJson, 'utf8')) : packageJson;
}
