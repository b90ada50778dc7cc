import type { AccessTables } from './access';
import type { ConnectorTables } from './connector';
import type { DeliveryTables } from './delivery';
import type { FeedbackTables } from './feedback';
import type { IdentityTables } from './identity';
import type { IngestTables } from './ingest';
import type { JourneyTables } from './journey';
import type { ProfileTables } from './profile';
import type { SegmentationTables } from './segmentation';
import type { SyncTables } from './sync';
import type { WorkerTables } from './workers';

/** Every table of the percorso schema, as Kysely sees it; a file for each lib that owns tables, in the order the data takes. */
export interface Schema
  extends
    AccessTables,
    IngestTables,
    IdentityTables,
    ProfileTables,
    SegmentationTables,
    ConnectorTables,
    DeliveryTables,
    SyncTables,
    JourneyTables,
    FeedbackTables,
    WorkerTables {}
