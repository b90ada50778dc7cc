import { Module } from '@nestjs/common';
import { IdentityModule } from '@percorso/identity';
import { IngestLog } from '@percorso/ingest';
import { AppliedSignal } from './applied-signal';
import { ComputedValueStore } from './computed-value.store';
import { ClickHouseWriter } from './clickhouse.writer';
import { ERASURE_PLACES, ErasurePlace } from './erasure/erasure-place';
import { ErasureController } from './erasure/erasure.controller';
import { ErasureService } from './erasure/erasure.service';
import { IdempotencyPlace } from './erasure/idempotency.place';
import { LogPlace } from './erasure/log.place';
import { QuarantinePlace } from './erasure/quarantine.place';
import { EventArchive } from './archive/event-archive';
import { EventPages } from './archive/event-pages';
import { EventReader } from './event.reader';
import { EventSearch } from './event-search';
import { LoadGate } from './load-gate';
import { Loader } from './loader';
import { Mover } from './shard/mover';
import { MergeController } from './merge.controller';
import { MergePolicyController } from './merge-policy/merge-policy.controller';
import { MergePolicyService } from './merge-policy/merge-policy.service';
import { ProfileTraitsQueries } from './merge-policy/profile-traits.queries';
import { PERSON_HOOKS, PersonHook } from './person-hooks';
import { ProfileController } from './profile.controller';
import { ProfileHistory } from './profile.history';
import { ProfileQueries } from './profile.queries';
import { ProfileReader } from './profile.reader';
import { ProfileService } from './profile.service';
import { SchemaImportService } from './schema/schema-import.service';
import { SchemaController } from './schema/schema.controller';
import { SchemaService } from './schema/schema.service';
import { UsageController } from './usage/usage.controller';
import { UsageService } from './usage/usage.service';
import { TimelineController } from './timeline/timeline.controller';
import { TimelineQueries } from './timeline/timeline.queries';

/** Profiles to read and to change by hand, and the gate to ClickHouse. */
@Module({
  imports: [IdentityModule],
  controllers: [
    ProfileController,
    MergeController,
    MergePolicyController,
    ErasureController,
    TimelineController,
    SchemaController,
    UsageController,
  ],
  providers: [
    { provide: PERSON_HOOKS, useFactory: (): PersonHook[] => [] },
    {
      provide: ERASURE_PLACES,
      useFactory: (): ErasurePlace[] => [
        new LogPlace(new IngestLog()),
        new QuarantinePlace(),
        new IdempotencyPlace(),
      ],
    },
    ErasureService,
    TimelineQueries,
    SchemaService,
    SchemaImportService,
    MergePolicyService,
    ProfileTraitsQueries,
    UsageService,
    ProfileQueries,
    ProfileReader,
    ProfileHistory,
    EventArchive,
    EventPages,
    EventReader,
    EventSearch,
    ComputedValueStore,
    AppliedSignal,
    ProfileService,
    ClickHouseWriter,
    Mover,
    Loader,
    LoadGate,
  ],
  exports: [
    PERSON_HOOKS,
    ERASURE_PLACES,
    ProfileReader,
    ProfileHistory,
    EventArchive,
    EventReader,
    EventSearch,
    ComputedValueStore,
    AppliedSignal,
    ProfileService,
    MergePolicyService,
    LoadGate,
    Loader,
  ],
})
export class ProfileModule {}
