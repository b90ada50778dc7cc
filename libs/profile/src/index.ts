export { ProfileModule } from './profile.module';
export { ProfileWorkerModule } from './profile-worker.module';
export { Applier } from './applier';
export { MergePolicyService } from './merge-policy/merge-policy.service';
export { PolicyRollout } from './merge-policy/policy-rollout';
export { Loader, type LoadTurn } from './loader';
export { LoadGate, type AsOf } from './load-gate';
export { ProfileReader, type ProfileValues } from './profile.reader';
export { EventArchive } from './archive/event-archive';
export { EventPages } from './archive/event-pages';
export { EventArchiver } from './archive/event-archiver';
export { EventReader, type PersonEvent } from './event.reader';
export { EventSearch } from './event-search';
export { type ComputedChange, type ComputedRow, ComputedValueStore } from './computed-value.store';
export { type ComputedValue, setFlat } from './computed-values';
export { EVENT_TIMES, type EventTime } from './event-time';
export { ProfileHistory } from './profile.history';
export { type PastEvent, PastProfile } from './past-profile';
export { LATEST, TraitRanks } from './merge-policy/trait-ranks';
export { AppliedSignal } from './applied-signal';
export type { ProfileDocument } from './profile-document';
export { ProfileService } from './profile.service';
export {
  type Cleared,
  type ErasedPerson,
  ERASURE_PLACES,
  type ErasurePlace,
  type OpenErasure,
  type PlaceStep,
} from './erasure/erasure-place';
export { ErasureService } from './erasure/erasure.service';
export { Eraser } from './erasure/eraser';
export { hashText, identityHash } from './erasure/identity-hash';
export { namingErased } from './erasure/tombstone.store';
export { PERSON_HOOKS, type PersonHook, type PersonRef, type ProfilesCause } from './person-hooks';
export { consentFor, type Consent, type ConsentState } from './consent';
export { ELEMENT, elementsOf, flatten, type FlatValues, valueAt } from './flatten';
export { USAGE_ACTIONS, type UsageAction } from './usage/standard';
export { type FieldPath, parseField } from './usage/field-name';
export { type FieldUse, findViolations, type UsageRules, type UsageViolation } from './usage/find-violations';
export { describeViolation, usageProblem } from './usage/usage-problem';
export { holdUsageRules, usageChanges, usageRules, usageVersion } from './usage/usage-rules';
export { UsageViolationView } from './usage/usage.dto';
