import { ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { causeOf, EngineError } from './engine';
import { PROBE_MS, probeFailure, requireVersion, unreachable, wrongProtocol } from './probe-failure';

const PASSWORD_CODES = ['516', '194', '192', '193'];

export async function probeClickHouse(url: URL): Promise<void> {
  const client = createClient({ url, request_timeout: PROBE_MS, log: { level: ClickHouseLogLevel.OFF } });
  try {
    const answer = await client.query({ query: 'select version() as version', format: 'JSONEachRow' });
    const [row] = await answer.json<{ version: string }>();
    if (!row?.version) throw wrongProtocol('clickhouse', url);
    requireVersion('clickhouse', url, row.version);
  } catch (error) {
    throw translate(url, error);
  } finally {
    await client.close();
  }
}

function translate(url: URL, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (error instanceof ClickHouseError) {
    if (PASSWORD_CODES.includes(error.code)) {
      return probeFailure('clickhouse', 'authentication', url, 'refuses this user and password');
    }
    if (error.code === '81') return probeFailure('clickhouse', 'settings', url, 'has no such database');
    return probeFailure('clickhouse', 'unreachable', url, `answers: ${error.message}`);
  }
  const code = (error as { code?: string }).code ?? '';
  const otherSpeech =
    code.startsWith('HPE_') || code === 'ECONNRESET' || /timeout|hang up|JSON|SSL/i.test(causeOf(error));
  return code !== 'ECONNREFUSED' && (otherSpeech || code === '')
    ? wrongProtocol('clickhouse', url)
    : unreachable('clickhouse', url, error);
}
