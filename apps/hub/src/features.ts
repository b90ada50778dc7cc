import type { DynamicModule, Type } from '@nestjs/common';
import { ConnectorModule } from '@percorso/connector';
import { DeliveryModule, DeliveryWorkerModule } from '@percorso/delivery';
import { ExportModule } from '@percorso/export';
import { FeedbackModule, type FeedbackOptions, FeedbackWorkerModule } from '@percorso/feedback';
import { IdentityModule } from '@percorso/identity';
import { IngestModule } from '@percorso/ingest';
import { JourneyModule, JourneyWorkerModule } from '@percorso/journey';
import { MappingModule } from '@percorso/mapping';
import { ProfileModule, ProfileWorkerModule } from '@percorso/profile';
import { SegmentationModule, SegmentationWorkerModule } from '@percorso/segmentation';
import { SyncModule, SyncWorkerModule } from '@percorso/sync';
import type { HubOptions } from './hub-options';

type Feature = Type | DynamicModule;

/** Every feature of the hub, in the line of imports; background work only for the role that does it. */
export function features(options: HubOptions): Feature[] {
  const { pluginDirs, masterKeyFile, extraCaFile, installDirectory, pluginRegistry, advisoryPlugins } =
    options;
  const { publicUrl, roles } = options;
  const all: Feature[] = [
    IngestModule,
    IdentityModule,
    ProfileModule,
    SegmentationModule,
    MappingModule,
    ConnectorModule.forRoot({
      pluginDirectories: pluginDirs,
      masterKeyFile,
      extraCaFile,
      installDirectory,
      pluginRegistry,
      advisoryPlugins,
    }),
    DeliveryModule,
    SyncModule,
    JourneyModule,
    ExportModule.forRoot({ publicUrl }),
    FeedbackModule.forRoot({ publicUrl, ...hookLimits(options) }),
  ];
  const workers: Feature[] = [
    ProfileWorkerModule.forRoot({ eventDays: options.eventDays }),
    SegmentationWorkerModule.forRoot({ partitions: options.partitions }),
    SyncWorkerModule,
    JourneyWorkerModule.forRoot({ partitions: options.partitions, keepDays: options.journeyDays }),
    DeliveryWorkerModule,
    FeedbackWorkerModule,
  ];
  return roles.includes('worker') ? [...all, ...workers] : all;
}

/** Providers call the hooks of all their customers from few addresses. */
const hookLimits = ({ hookCalls: perHook }: HubOptions): Pick<FeedbackOptions, 'hookLimits'> =>
  perHook === undefined ? {} : { hookLimits: { perHook, perSource: 4 * perHook } };
