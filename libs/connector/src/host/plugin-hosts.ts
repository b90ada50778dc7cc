import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import type { PluginDescription } from '@percorso/plugin-kit';
import type { InstalledPlugin } from '../plugin/installed-plugin';
import { HostFailure } from './host-failure';
import { bestSandbox, type Isolation, type Sandbox } from './sandbox';
import { PluginHost, type Crashes, type PluginHostOptions } from './plugin-host';

export interface PluginHostsOptions extends PluginHostOptions {
  /** Told of a workspace's plugin whose process ends over and over. */
  crashLoop?(workspaceId: string, plugin: InstalledPlugin, crashes: Crashes): void;
}

/** Every plugin host of this hub: one per plugin version and workspace. */
@Injectable()
export class PluginHosts implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Plugin');
  private readonly hosts = new Map<string, PluginHost>();
  private readonly descriptions = new Map<string, PluginDescription>();

  constructor(private readonly options: PluginHostsOptions = {}) {}

  /** Trying what the kernel allows takes a moment: better now than at the first call. */
  onModuleInit(): void {
    this.logger.log(`Isolation is ${this.isolation}. ${this.isolationProblem ?? ''}`.trim());
  }

  /** Whether the kernel keeps plugins in. */
  get isolation(): Isolation {
    return this.sandbox.isolation;
  }

  /** Why isolation is advisory; null where it is enforced. */
  get isolationProblem(): string | null {
    return this.sandbox.problem;
  }

  private get sandbox(): Sandbox {
    return this.options.sandbox ?? bestSandbox();
  }

  of(workspaceId: string, plugin: InstalledPlugin): PluginHost {
    const key = `${workspaceId} ${keyOf(plugin)}`;
    let host = this.hosts.get(key);
    if (!host) {
      host = this.make(plugin, {
        crashing: (crashes) => {
          // Of no workspace: only asked what it is, for the list of plugins.
          if (workspaceId !== '') this.options.crashLoop?.(workspaceId, plugin, crashes);
        },
      });
      this.hosts.set(key, host);
    }
    return host;
  }

  /** A host of its own, for an examination; whoever asks for it stops it. */
  once(plugin: InstalledPlugin): PluginHost {
    return this.make(plugin, {});
  }

  /** What the plugin's code says about itself; asked once per version. @throws Problem 503 when it does not start. */
  async describe(plugin: InstalledPlugin, workspaceId = ''): Promise<PluginDescription> {
    const known = this.descriptions.get(keyOf(plugin));
    if (known) return known;
    try {
      return this.remember(plugin, await this.of(workspaceId, plugin).describe());
    } catch (error) {
      if (error instanceof HostFailure) throw pluginUnavailable(error);
      throw error;
    }
  }

  remember(plugin: InstalledPlugin, description: PluginDescription): PluginDescription {
    this.descriptions.set(keyOf(plugin), description);
    return description;
  }

  /** Ends the hosts of a workspace's plugin but for `kept`, each when its calls in hand are done. */
  retire(workspaceId: string, pluginId: string, kept?: InstalledPlugin): void {
    for (const [key, host] of this.hosts) {
      if (!key.startsWith(`${workspaceId} ${pluginId}@`)) continue;
      if (kept && key === `${workspaceId} ${keyOf(kept)}`) continue;
      this.hosts.delete(key);
      host.retire();
    }
  }

  /** Whether a host here was made for the package with that hash. */
  holds(digest: string): boolean {
    return [...this.hosts.values()].some(({ plugin }) => plugin.digest === digest);
  }

  /** Lets a workspace's plugin start again at once. */
  forgive(workspaceId: string, pluginId: string): void {
    for (const [key, host] of this.hosts) if (key.startsWith(`${workspaceId} ${pluginId}@`)) host.forgive();
  }

  private make(plugin: InstalledPlugin, options: Pick<PluginHostOptions, 'crashing'>): PluginHost {
    return new PluginHost(plugin, {
      ...this.options,
      ...options,
      log: (level, message, fields = {}) => {
        const more = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
        this.logger[level === 'warn' ? 'warn' : 'log'](`[${plugin.manifest.id}] ${message}${more}`);
      },
    });
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

function keyOf({ manifest, version, digest = '' }: InstalledPlugin): string {
  return `${manifest.id}@${version} ${digest}`;
}
