import { Client } from 'pg';
import { causeOf, EngineError } from './engine';
import { PROBE_MS, probeFailure, requireVersion, unreachable, wrongProtocol } from './probe-failure';

const PASSWORD_CODES = ['28P01', '28000'];

export async function probePostgres(url: URL): Promise<void> {
  const client = new Client({
    connectionString: url.href,
    connectionTimeoutMillis: PROBE_MS,
    query_timeout: PROBE_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    requireVersion('postgres', url, rows[0]?.server_version ?? '0');
  } catch (error) {
    throw translate(url, error);
  } finally {
    // A peer of another protocol never answers the farewell.
    const socket = (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
    socket.destroy();
  }
}

function translate(url: URL, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const code = (error as { code?: string }).code ?? '';
  const text = causeOf(error);
  if (PASSWORD_CODES.includes(code) || /SASL|password must be/.test(text)) {
    return probeFailure('postgres', 'authentication', url, 'refuses this user and password');
  }
  if (code === '3D000') return probeFailure('postgres', 'settings', url, 'has no such database');
  if (/^[0-9A-Z]{5}$/.test(code)) return probeFailure('postgres', 'unreachable', url, `answers: ${text}`);
  if (code !== '' && code !== 'ECONNRESET') return unreachable('postgres', url, error);
  return /timeout|terminated|ECONNRESET|unknown message|Unrecognized|SSL/i.test(text)
    ? wrongProtocol('postgres', url)
    : unreachable('postgres', url, error);
}
