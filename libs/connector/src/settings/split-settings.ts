import type { PluginDescription } from '@percorso/plugin-kit';

/** Settings as given, in the parts that are kept differently. */
export interface SplitSettings {
  plain: Record<string, unknown>;
  /** A secret to store; null to forget it. Secrets that stay are absent. */
  secrets: Record<string, unknown>;
}

/** `{"set": true}` is what the API shows for a secret; sent back, it means that the secret stays. */
export function splitSettings(given: Record<string, unknown>, description: PluginDescription): SplitSettings {
  const split: SplitSettings = { plain: {}, secrets: {} };
  for (const [field, value] of Object.entries(given)) {
    if (!description.secrets.includes(field)) split.plain[field] = value;
    else if (!isKept(value)) split.secrets[field] = value;
  }
  return split;
}

/** The settings with the defaults of the plugin's schema, and without those set to null. */
export function withDefaults(
  settings: Record<string, unknown>,
  description: PluginDescription,
): Record<string, unknown> {
  const properties = description.settingsSchema['properties'] as Record<string, { default?: unknown }>;
  const defaults = Object.entries(properties).flatMap(([field, schema]) =>
    schema.default === undefined || description.secrets.includes(field) ? [] : [[field, schema.default]],
  );
  const given = Object.entries(settings).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(defaults), ...Object.fromEntries(given) };
}

function isKept(value: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as { set?: unknown }).set === true;
}
