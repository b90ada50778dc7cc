import type { EngineName } from './engine';

/** Oldest engine versions Percorso runs on. */
export const MINIMUM_VERSIONS: Record<EngineName, string> = {
  postgres: '15',
  clickhouse: '24.8',
  redis: '6.2',
};

export function isAtLeast(version: string, minimum: string): boolean {
  const have = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, part] of minimum.split('.').entries()) {
    const difference = (have[index] ?? 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
