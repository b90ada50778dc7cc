import { dirname, join } from 'node:path';
import { DynamicModule, Module, type Provider } from '@nestjs/common';
import { ConnectorController } from './connector.controller';
import type { ConnectorOptions } from './connector-options';
import { ConnectorService } from './connector.service';
import { ConnectorStore } from './connector.store';
import { PluginHosts } from './host/plugin-hosts';
import { advisorySandbox } from './host/sandbox';
import { Examiner } from './install/examiner';
import { NpmRegistry } from './install/npm-registry';
import { PluginFiles } from './install/plugin-files';
import { PluginInstaller } from './install/plugin-installer';
import { PluginLifecycle } from './install/plugin-lifecycle';
import { PluginViews } from './install/plugin-views';
import { PluginController } from './install/plugin.controller';
import { PluginStore } from './install/plugin.store';
import { CONSENT, IsolationPolicy } from './plugin/isolation-policy';
import { PluginCatalog } from './plugin/plugin-catalog';
import { PluginParking } from './plugin/plugin-parking';
import { PluginRegistry } from './plugin/plugin-registry';
import { ConnectorRuntime } from './runtime/connector-runtime';
import { ConnectorOpener } from './runtime/open-connector';
import { ConnectorSecrets } from './secret/connector-secrets';
import { loadMasterKeys } from './secret/master-keys';
import { SecretBox } from './secret/secret-box';
import { ConnectorMigrationStore } from './settings/connector-migration.store';
import { KeptSettingsStore } from './settings/kept-settings.store';
import { SettingsMigration } from './settings/settings-migration';
import { SettingsMigrator } from './settings/settings-migrator';
import { SettingsUpkeep } from './settings/settings-upkeep';
import { SettingsVersions } from './settings/settings-versions';

const NPM = 'https://registry.npmjs.org';

/** Plugins, their processes, and the connectors configured with them. */
@Module({})
export class ConnectorModule {
  static forRoot(options: ConnectorOptions): DynamicModule {
    return {
      module: ConnectorModule,
      global: true,
      controllers: [PluginController, ConnectorController],
      providers: [
        ...configured(options),
        PluginStore,
        PluginCatalog,
        PluginParking,
        PluginLifecycle,
        PluginViews,
        Examiner,
        SettingsMigration,
        KeptSettingsStore,
        ConnectorMigrationStore,
        SettingsMigrator,
        SettingsVersions,
        SettingsUpkeep,
        ConnectorSecrets,
        ConnectorStore,
        ConnectorOpener,
        ConnectorRuntime,
        ConnectorService,
      ],
      exports: [ConnectorRuntime, ConnectorService, PluginRegistry, PluginCatalog, PluginHosts, SecretBox],
    };
  }
}

/** The parts that the configuration makes. */
function configured(options: ConnectorOptions): Provider[] {
  const { pluginDirectories, masterKeyFile, extraCaFile, idleSeconds } = options;
  const installDirectory = options.installDirectory ?? join(dirname(masterKeyFile), 'plugins');
  return [
    { provide: PluginRegistry, useFactory: () => new PluginRegistry(pluginDirectories) },
    { provide: SecretBox, useFactory: () => new SecretBox(loadMasterKeys(masterKeyFile)) },
    { provide: PluginFiles, useFactory: () => new PluginFiles(installDirectory) },
    { provide: NpmRegistry, useFactory: () => new NpmRegistry(options.pluginRegistry ?? NPM) },
    {
      provide: PluginHosts,
      inject: [PluginParking],
      useFactory: (parking: PluginParking) =>
        new PluginHosts({
          extraCaFile,
          ...(idleSeconds === undefined ? {} : { idleMs: idleSeconds * 1000 }),
          ...(options.startMs === undefined ? {} : { startMs: options.startMs }),
          ...(options.isolation === 'advisory'
            ? { sandbox: advisorySandbox('The configuration says so.') }
            : {}),
          crashLoop: (...crash) => void parking.park(...crash),
        }),
    },
    { provide: CONSENT, useValue: { advisory: options.advisoryPlugins ?? false } },
    IsolationPolicy,
    PluginInstaller,
  ];
}
