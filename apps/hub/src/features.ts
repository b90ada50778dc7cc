import type { DynamicModule, Type } from '@nestjs/common';
import { ConnectorModule } from '@percorso/connector';
import { IdentityModule } from '@percorso/identity';
import { MappingModule } from '@percorso/mapping';
import type { HubOptions } from './hub-options';

type Feature = Type | DynamicModule;

/** Every feature of the hub, in the line of imports; background work only for the role that does it. */
export function features(options: HubOptions): Feature[] {
  const api: Feature[] = [
    IdentityModule,
    MappingModule,
    ConnectorModule.forRoot({ pluginDirectories: options.pluginDirs, masterKeyFile: options.masterKeyFile }),
  ];
  const workers: Feature[] = [];
  return options.roles.includes('worker') ? [...api, ...workers] : api;
}
