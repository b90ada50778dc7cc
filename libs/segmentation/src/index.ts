export { SegmentationModule } from './segmentation.module';
export { SegmentationWorkerModule } from './segmentation-worker.module';
export type * from './definition/definition';
export { instantOf, leavesOf } from './definition/definition';
export { definitionSchema } from './definition/definition.schema';
export * as schemaParts from './definition/definition.schema';
export { LIMITS, parseDefinition, type ParsedDefinition, readCondition } from './definition/parse-definition';
export { readSelector } from './definition/parse-event';
export { readShare, readZone } from './definition/parse-profile-leaf';
export { readPath } from './definition/parse-test';
export { readDuration } from './definition/parse-time';
export {
  at,
  type JsonObject,
  Mistakes,
  readChoice,
  readList,
  readObject,
  readText,
} from './definition/reader';
export { parseDate } from './definition/date-text';
export { DEFAULT_ZONE, isZone } from './definition/zones';
export { cronMistake, nextRun } from './schedule/cron';
export { firstInstant, wallTime } from './schedule/wall-clock';
export { anniversaries, localDay } from './definition/calendar-days';
export {
  type LookUp,
  resolveAudiences,
  type ResolvedDefinition,
  type Unusable,
} from './definition/resolve-audiences';
export { formatDefinition } from './text/format-definition';
export { type ParsedText, parseText, type TextMistake } from './text/parse-text';
export type { SetScope } from './compile/compile-scope';
export { traitSchema } from './computed-trait/trait.schema';
export { AudienceService } from './audience/audience.service';
export { AUDIENCE_USERS, type AudienceUser } from './audience/audience-users';
export { PreviewService } from './audience/preview.service';
export { AudienceView, EvaluationView } from './audience/audience.dto';
export { Evaluator, PASS_SIZE } from './evaluation/evaluator';
export { EvaluationService } from './evaluation/evaluation.service';
export { readLeafSets } from './evaluation/leaf-sets';
export { findMembers, type MemberSet } from './evaluation/find-members';
export {
  type AppliedChange,
  type MembershipCause,
  type MembershipChange,
  MembershipStore,
} from './membership/membership.store';
export {
  type DeltaRange,
  type LogHead,
  type Member,
  type MemberRange,
  type MembershipDelta,
  MembershipLog,
} from './membership/membership-log';
export { type AskedCondition, PersonConditions } from './person/person-conditions';
export { answerFor, type ConditionFacts, holdsFor } from './person/condition-answer';
export { audiencesIn, type PreparedCondition, prepareCondition } from './person/prepared-condition';
export { type PastTraits, TraitHistory } from './computed-trait/trait-history';
export { eventTest, type EventTest, type SelectedEvent } from './person/event-test';
export { ImportStore } from './import/import.store';
export { type ListChange, Listing } from './import/listing';
export { diffMembers } from './membership/diff-members';
export { MembershipSignal } from './membership/membership.signal';
export { Sequencer } from './membership/sequencer';
export { planOf, type Plan, type Program, type StreamedAudience } from './stream/plan';
export { StreamEvaluator } from './stream/stream-evaluator';
export { PersonCache } from './stream/person-cache';
export type { PersonState } from './stream/person-state';
export { dueOf, holdsOf } from './stream/answer';
export { Answers } from './stream/answers';
export { samplePart } from './stream/sample-part';
