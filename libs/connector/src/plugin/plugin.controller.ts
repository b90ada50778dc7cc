import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import type { Egress, JsonSchema } from '@percorso/plugin-kit';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from './installed-plugin';
import { PluginRegistry } from './plugin-registry';

export interface PluginView {
  id: string;
  name: string;
  kind: 'messaging' | 'campaign';
  version: string;
  api: string;
  capabilities: string[];
  channel?: string;
  egress: Egress[];
  /** Null where its code does not start. */
  settingsSchema: JsonSchema | null;
  /** Why its code does not start; null when it does. */
  problem: string | null;
}

@ApiTags('Plugins')
@Controller('v1/plugins')
export class PluginController {
  constructor(
    private readonly registry: PluginRegistry,
    private readonly hosts: PluginHosts,
  ) {}

  @Get()
  @Scopes('connectors:read')
  @ApiOperation({ summary: 'List installed plugins with the JSON Schema of their settings' })
  list(): Promise<PluginView[]> {
    return Promise.all(
      this.registry.plugins.map(async (plugin) => {
        const { id, name, kind, api, capabilities, channel, egress } = plugin.manifest;
        return {
          id,
          name,
          kind,
          version: plugin.version,
          api,
          capabilities,
          channel,
          egress,
          ...(await this.settingsOf(plugin)),
        };
      }),
    );
  }

  /** One that does not start says so, and leaves the others alone. */
  private async settingsOf(plugin: InstalledPlugin): Promise<Pick<PluginView, 'settingsSchema' | 'problem'>> {
    try {
      const { settingsSchema } = await this.hosts.describe(plugin);
      return { settingsSchema, problem: null };
    } catch (error) {
      if (error instanceof Problem) return { settingsSchema: null, problem: error.message };
      throw error;
    }
  }
}
