import { InsideStore } from './inside.store';
import { JobStore } from './job.store';
import { JourneyCheck } from './journey-check';
import { JourneyController } from './journey.controller';
import { JourneyService } from './journey.service';
import { JourneyStore } from './journey.store';
import { LifecycleController } from './lifecycle.controller';
import { LifecycleService } from './lifecycle.service';
import { PublishService } from './publish.service';
import { ReferenceCheck } from './reference-check';
import { ReferenceStore } from './reference.store';
import { TestMarkStore } from './test-mark.store';
import { TransferService } from './transfer.service';
import { JourneyUsageCheck } from './usage-check';
import { JourneyUsageGuard } from './usage-guard';
import { JumpUsageCheck } from './usage-of-jumps';
import { VersionController } from './version.controller';
import { VersionService } from './version.service';

/** Of the admin API: definitions, versions and states. */
export const ADMIN_CONTROLLERS = [JourneyController, VersionController, LifecycleController];
export const ADMIN_PROVIDERS = [
  InsideStore,
  JobStore,
  JourneyCheck,
  JourneyService,
  JourneyStore,
  JourneyUsageCheck,
  JourneyUsageGuard,
  JumpUsageCheck,
  LifecycleService,
  PublishService,
  ReferenceCheck,
  ReferenceStore,
  TestMarkStore,
  TransferService,
  VersionService,
];
