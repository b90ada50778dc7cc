import { DynamicModule, Module } from '@nestjs/common';
import { ConnectorController } from './connector.controller';
import type { ConnectorOptions } from './connector-options';
import { ConnectorService } from './connector.service';
import { ConnectorStore } from './connector.store';
import { PluginHosts } from './host/plugin-hosts';
import { PluginRegistry } from './plugin/plugin-registry';
import { PluginController } from './plugin/plugin.controller';
import { ConnectorRuntime } from './runtime/connector-runtime';
import { ConnectorOpener } from './runtime/open-connector';
import { loadMasterKeys } from './secret/master-keys';
import { SecretBox } from './secret/secret-box';

/** Plugins, their processes, and the connectors configured with them. */
@Module({})
export class ConnectorModule {
  static forRoot(options: ConnectorOptions): DynamicModule {
    const { pluginDirectories, masterKeyFile, extraCaFile, idleSeconds } = options;
    return {
      module: ConnectorModule,
      global: true,
      controllers: [PluginController, ConnectorController],
      providers: [
        { provide: PluginRegistry, useFactory: () => new PluginRegistry(pluginDirectories) },
        { provide: SecretBox, useFactory: () => new SecretBox(loadMasterKeys(masterKeyFile)) },
        {
          provide: PluginHosts,
          useFactory: () =>
            new PluginHosts({
              extraCaFile,
              ...(idleSeconds === undefined ? {} : { idleMs: idleSeconds * 1000 }),
            }),
        },
        ConnectorStore,
        ConnectorOpener,
        ConnectorRuntime,
        ConnectorService,
      ],
      exports: [ConnectorRuntime, ConnectorService, PluginRegistry, PluginHosts, SecretBox],
    };
  }
}
