import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Scopes } from '@percorso/access';
import type { Egress, JsonSchema } from '@percorso/plugin-kit';
import { PluginHosts } from '../host/plugin-hosts';
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
  settingsSchema: JsonSchema;
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
        const { settingsSchema } = await this.hosts.describe(plugin);
        return {
          id,
          name,
          kind,
          version: plugin.version,
          api,
          capabilities,
          channel,
          egress,
          settingsSchema,
        };
      }),
    );
  }
}
