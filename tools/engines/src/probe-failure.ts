import {
  causeOf,
  describeUrl,
  EngineError,
  type EngineErrorCode,
  type EngineName,
  ENGINE_TITLES,
} from './engine';
import { isAtLeast, MINIMUM_VERSIONS } from './versions';

/** An engine that does not answer within this time is unreachable. */
export const PROBE_MS = 5000;

const UNREACHABLE: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'no answer in time',
  ECONNRESET: 'the connection was closed',
};

export function unreachable(engine: EngineName, url: URL, error: unknown): EngineError {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const reason = UNREACHABLE[(first as { code?: string }).code ?? ''] ?? causeOf(error);
  return probeFailure(engine, 'unreachable', url, `cannot be reached: ${reason}`);
}

export function wrongProtocol(engine: EngineName, url: URL): EngineError {
  return probeFailure(
    engine,
    'protocol',
    url,
    `does not answer as ${ENGINE_TITLES[engine]}: check host and port`,
  );
}

export function probeFailure(engine: EngineName, code: EngineErrorCode, url: URL, text: string): EngineError {
  return new EngineError(engine, code, `${ENGINE_TITLES[engine]} at ${describeUrl(url)} ${text}.`);
}

export function requireVersion(engine: EngineName, url: URL, version: string): void {
  const minimum = MINIMUM_VERSIONS[engine];
  if (isAtLeast(version, minimum)) return;
  throw probeFailure(engine, 'version', url, `is version ${version}; ${minimum} or newer is needed`);
}
