import { USAGE_ACTIONS, type UsageAction } from '@percorso/profile';
import type { PluginManifest } from '@percorso/plugin-kit';

/**
 * What a connector does with data when its admin says nothing: it is somebody else's system that writes to people. Of a
 * plugin that is not there any more, anything.
 */
export function usageOfKind(manifest: PluginManifest | undefined): readonly UsageAction[] {
  if (!manifest) return USAGE_ACTIONS;
  if (manifest.kind === 'service') return ['third-party'];
  if (manifest.kind === 'campaign') return ['third-party', 'email-targeting', 'message-targeting'];
  return ['third-party', manifest.channel === 'email' ? 'email-targeting' : 'message-targeting'];
}
