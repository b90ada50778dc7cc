import type { CapabilityName, Plugin, PluginKind } from '../plugin';

/** One version of the contract between hub and plugins, and all that the hub has to know about it. */
export interface ContractVersion {
  /** `major.minor`. */
  version: string;
  kinds: readonly PluginKind[];
  capabilities: readonly CapabilityName[];
  /** A plugin of this version as one of the next: asked in its own shapes, and its answers brought to newer ones. */
  toNext?(plugin: Plugin): Plugin;
}
