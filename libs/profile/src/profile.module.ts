import { Module } from '@nestjs/common';
import { IdentityModule } from '@percorso/identity';
import { AppliedSignal } from './applied-signal';
import { ClickHouseWriter } from './clickhouse.writer';
import { EventReader } from './event.reader';
import { LoadGate } from './load-gate';
import { Loader } from './loader';
import { MergeController } from './merge.controller';
import { PERSON_HOOKS, PersonHook } from './person-hooks';
import { ProfileController } from './profile.controller';
import { ProfileHistory } from './profile.history';
import { ProfileQueries } from './profile.queries';
import { ProfileReader } from './profile.reader';
import { ProfileService } from './profile.service';

/** Profiles to read and to change by hand, and the gate to ClickHouse. */
@Module({
  imports: [IdentityModule],
  controllers: [ProfileController, MergeController],
  providers: [
    { provide: PERSON_HOOKS, useFactory: (): PersonHook[] => [] },
    ProfileQueries,
    ProfileReader,
    ProfileHistory,
    EventReader,
    AppliedSignal,
    ProfileService,
    ClickHouseWriter,
    Loader,
    LoadGate,
  ],
  exports: [
    PERSON_HOOKS,
    ProfileReader,
    ProfileHistory,
    EventReader,
    AppliedSignal,
    ProfileService,
    LoadGate,
    Loader,
  ],
})
export class ProfileModule {}
