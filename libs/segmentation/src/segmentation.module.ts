import { BullModule } from '@nestjs/bull';
import { Inject, Module } from '@nestjs/common';
import { PERSON_HOOKS, type PersonHook, ProfileModule } from '@percorso/profile';
import { AUDIENCE_USERS, type AudienceUser } from './audience/audience-users';
import { AudienceController } from './audience/audience.controller';
import { AudienceService } from './audience/audience.service';
import { AudienceStore } from './audience/audience.store';
import { EvaluationController } from './audience/evaluation.controller';
import { PreviewService } from './audience/preview.service';
import { ComputationStore } from './computed-trait/computation.store';
import { ComputedTraitController } from './computed-trait/computed-trait.controller';
import { ComputedTraitService } from './computed-trait/computed-trait.service';
import { ComputedTraitStore } from './computed-trait/computed-trait.store';
import { TraitComputer } from './computed-trait/trait-computer';
import { TraitHistory } from './computed-trait/trait-history';
import { TraitKeeper } from './computed-trait/trait-keeper';
import { TraitLoader } from './computed-trait/trait-loader';
import { TraitUses } from './computed-trait/trait-uses';
import { EVALUATION_QUEUE, EvaluationQueue } from './evaluation/evaluation.queue';
import { EvaluationService } from './evaluation/evaluation.service';
import { EvaluationStore } from './evaluation/evaluation.store';
import { Evaluator } from './evaluation/evaluator';
import { SetPass } from './evaluation/set-pass';
import { ExplainController } from './explain/explain.controller';
import { ExplainService } from './explain/explain.service';
import { ExplainedMembers } from './explain/explained-members';
import { ImportController } from './import/import.controller';
import { ImportService } from './import/import.service';
import { ImportStore } from './import/import.store';
import { Listing } from './import/listing';
import { LookupController } from './lookup/lookup.controller';
import { LookupService } from './lookup/lookup.service';
import { LookupStore } from './lookup/lookup.store';
import { MemberConditionStore } from './member/member-condition.store';
import { MemberFiller } from './member/member-filler';
import { MemberMatchStore } from './member/member-match.store';
import { MemberTurn } from './member/member-turn';
import { MembershipHooks } from './membership/membership.hooks';
import { MembershipLog } from './membership/membership-log';
import { MembershipSignal } from './membership/membership.signal';
import { MembershipStore } from './membership/membership.store';
import { Sequencer } from './membership/sequencer';
import { PersonConditions } from './person/person-conditions';
import { ScheduleController } from './schedule/schedule.controller';
import { ScheduleService } from './schedule/schedule.service';
import { ScheduleStore } from './schedule/schedule.store';
import { Scheduler } from './schedule/scheduler';
import { AccountWakeStore } from './stream/account-wake.store';
import { ColdReader } from './stream/cold-reader';
import { PersonCaches } from './stream/person-caches';
import { PlanLoader } from './stream/plan-loader';
import { SetGuard } from './stream/set-guard';
import { StreamCursorStore } from './stream/stream-cursor.store';
import { StreamEvaluator } from './stream/stream-evaluator';
import { SubjectReader } from './stream/subject-reader';
import { Sweeper } from './stream/sweeper';
import { WakeStore } from './stream/wake.store';

/** Audiences, their evaluation and their log. */
@Module({
  imports: [ProfileModule, BullModule.registerQueue({ name: EVALUATION_QUEUE })],
  controllers: [
    AudienceController,
    ComputedTraitController,
    EvaluationController,
    ExplainController,
    ImportController,
    LookupController,
    ScheduleController,
  ],
  providers: [
    AudienceStore,
    AudienceService,
    PreviewService,
    ExplainService,
    ExplainedMembers,
    EvaluationStore,
    EvaluationQueue,
    EvaluationService,
    Evaluator,
    SetPass,
    ComputedTraitStore,
    ComputedTraitService,
    ComputationStore,
    TraitComputer,
    TraitHistory,
    TraitKeeper,
    TraitLoader,
    TraitUses,
    MembershipStore,
    MembershipSignal,
    MembershipHooks,
    MembershipLog,
    Sequencer,
    ImportService,
    ImportStore,
    Listing,
    LookupService,
    LookupStore,
    ScheduleService,
    ScheduleStore,
    Scheduler,
    MemberConditionStore,
    MemberFiller,
    MemberMatchStore,
    MemberTurn,
    AccountWakeStore,
    ColdReader,
    SubjectReader,
    PersonCaches,
    PersonConditions,
    PlanLoader,
    SetGuard,
    StreamCursorStore,
    StreamEvaluator,
    Sweeper,
    WakeStore,
    { provide: AUDIENCE_USERS, useFactory: (): AudienceUser[] => [] },
  ],
  exports: [
    AUDIENCE_USERS,
    AudienceService,
    ComputationStore,
    ComputedTraitStore,
    TraitComputer,
    EvaluationQueue,
    EvaluationService,
    EvaluationStore,
    Evaluator,
    ImportStore,
    Listing,
    MembershipLog,
    MembershipSignal,
    MembershipStore,
    PersonConditions,
    PreviewService,
    Scheduler,
    Sequencer,
    StreamCursorStore,
    StreamEvaluator,
    Sweeper,
    TraitHistory,
  ],
})
export class SegmentationModule {
  constructor(
    @Inject(PERSON_HOOKS) hooks: PersonHook[],
    memberships: MembershipHooks,
    accounts: AccountWakeStore,
  ) {
    hooks.push(memberships, accounts);
  }
}
