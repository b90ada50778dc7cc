import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginDescription } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { HostFailure } from './host-failure';
import { PluginHost, type PluginHostOptions } from './plugin-host';

/** Every plugin host of this hub: one per plugin version and workspace. */
@Injectable()
export class PluginHosts implements OnApplicationShutdown {
  private readonly logger = new Logger('Plugin');
  private readonly hosts = new Map<string, PluginHost>();
  private readonly descriptions = new Map<string, PluginDescription>();

  constructor(private readonly options: PluginHostOptions = {}) {}

  /** `enforced` once the child has no network of its own; until then a plugin could go around the broker. */
  readonly isolation: 'enforced' | 'advisory' = 'advisory';

  of(workspaceId: string, plugin: InstalledPlugin): PluginHost {
    const key = `${workspaceId} ${keyOf(plugin)}`;
    let host = this.hosts.get(key);
    if (!host) {
      host = new PluginHost(plugin, {
        ...this.options,
        log: (level, message) =>
          this.logger[level === 'warn' ? 'warn' : 'log'](`[${plugin.manifest.id}] ${message}`),
      });
      this.hosts.set(key, host);
    }
    return host;
  }

  /** What the plugin's code says about itself; asked once per version. @throws Problem 503 when it does not start. */
  async describe(plugin: InstalledPlugin, workspaceId = ''): Promise<PluginDescription> {
    const known = this.descriptions.get(keyOf(plugin));
    if (known) return known;
    try {
      const description = await this.of(workspaceId, plugin).describe();
      this.descriptions.set(keyOf(plugin), description);
      return description;
    } catch (error) {
      if (error instanceof HostFailure) throw pluginUnavailable(error);
      throw error;
    }
  }

  onApplicationShutdown(): void {
    for (const host of this.hosts.values()) host.stop();
    this.hosts.clear();
  }
}

export function pluginUnavailable(failure: HostFailure): Problem {
  return new Problem({
    status: 503,
    code: failure.code,
    title: 'The plugin gave no answer',
    detail: failure.message,
    retryAfter: failure.afterSeconds ?? 1,
    cause: failure,
  });
}

function keyOf({ manifest, version }: InstalledPlugin): string {
  return `${manifest.id}@${version}`;
}
