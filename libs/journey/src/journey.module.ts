import { Inject, Module } from '@nestjs/common';
import { DeliveryModule } from '@percorso/delivery';
import {
  ERASURE_PLACES,
  type ErasurePlace,
  PERSON_HOOKS,
  type PersonHook,
  ProfileModule,
} from '@percorso/profile';
import { AUDIENCE_USERS, type AudienceUser, SegmentationModule } from '@percorso/segmentation';
import { InsightController } from './insight/insight.controller';
import { InsightService } from './insight/insight.service';
import { InsightStore } from './insight/insight.store';
import { JobStore } from './journey/job.store';
import { ADMIN_CONTROLLERS, ADMIN_PROVIDERS } from './journey/journey-admin.providers';
import { JourneysOfAudiences } from './journey/journeys-of-audiences';
import { JourneyUsageGuard } from './journey/usage-guard';
import { EntryController } from './runtime/entry/entry.controller';
import { EntryService } from './runtime/entry/entry.service';
import { InstanceStore } from './runtime/keep/instance.store';
import { JourneyHooks, JourneyPlace } from './runtime/care/journey-hooks';
import { JourneySignal } from './runtime/journey-signal';
import { RequestStore } from './runtime/intake/request.store';
import { SIMULATION_CONTROLLERS, SIMULATION_PROVIDERS } from './simulation/simulation.providers';
import { SimulatedStore } from './simulation/report/simulated.store';
import { SimulationStore } from './simulation/job/simulation.store';

/** Journeys: what they are, and who is on them. Needs ConnectorModule and MappingModule in the application. */
@Module({
  imports: [ProfileModule, SegmentationModule, DeliveryModule],
  controllers: [...ADMIN_CONTROLLERS, EntryController, InsightController, ...SIMULATION_CONTROLLERS],
  providers: [
    ...ADMIN_PROVIDERS,
    ...SIMULATION_PROVIDERS,
    InsightService,
    InsightStore,
    EntryService,
    InstanceStore,
    JourneyHooks,
    JourneysOfAudiences,
    JourneyPlace,
    JourneySignal,
    RequestStore,
  ],
  exports: [
    InstanceStore,
    JobStore,
    JourneyUsageGuard,
    JourneySignal,
    RequestStore,
    SimulatedStore,
    SimulationStore,
  ],
})
export class JourneyModule {
  constructor(
    @Inject(PERSON_HOOKS) hooks: PersonHook[],
    @Inject(ERASURE_PLACES) places: ErasurePlace[],
    @Inject(AUDIENCE_USERS) users: AudienceUser[],
    journeys: JourneyHooks,
    place: JourneyPlace,
    ofAudiences: JourneysOfAudiences,
  ) {
    hooks.push(journeys);
    places.push(place);
    users.push(ofAudiences);
  }
}
