import type { PluginManifest } from '@percorso/plugin-kit';

/** A manifest's record key as paths of field names: `/email`, and as Campaign writes it `@email` or `[folder/@name]`. */
export function recordKeyOf(
  recordKey: PluginManifest['recordKey'],
  settings: Record<string, unknown>,
): string[][] | undefined {
  const text = typeof recordKey === 'object' ? settings[recordKey.setting] : recordKey;
  if (typeof text !== 'string') return undefined;
  const paths = text.split(',').map((path) =>
    path
      .trim()
      .replace(/^\[|\]$/g, '')
      .split('/')
      .map((field) => field.replace(/^@/, ''))
      .filter((field) => field !== ''),
  );
  return paths.every((path) => path.length > 0) ? paths : undefined;
}
