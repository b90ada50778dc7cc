import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  type AccessContext,
  allows,
  Answers,
  AnswersPage,
  Caller,
  type Page,
  Workspace,
} from '@percorso/access';
import { JourneyInstanceView } from '../../insight/insight.dto';
import { ComparedMessageQuery, ComparedMessageView, ComparisonQuery, ComparisonView } from './comparison.dto';
import { ComparisonService } from './comparison.service';
import {
  SimulatedInstanceQuery,
  SimulatedMessageQuery,
  SimulatedMessageView,
  SimulatedRefusalQuery,
  SimulatedRefusalView,
  WholeSimulatedInstanceView,
} from './simulation.dto';
import { SimulationReportService } from './simulation-report.service';

const CLEARED = { status: 410, description: 'What it found of persons is no longer kept.' };

/** Whether the caller may see what says something of persons. */
const isPersonal = ({ scopes }: AccessContext): boolean => allows(scopes, ['profiles:read']);

@ApiTags('Journeys')
@Controller('v1/journeys/:id/simulations/:simulationId')
export class SimulatedController {
  constructor(
    private readonly reports: SimulationReportService,
    private readonly comparisons: ComparisonService,
  ) {}

  @Get('messages')
  @AnswersPage(
    'journeys:read',
    'Who would have got what, in the order of time',
    SimulatedMessageView,
    'Messages and calls.',
  )
  @ApiResponse(CLEARED)
  messages(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Query() query: SimulatedMessageQuery,
  ): Promise<Page<SimulatedMessageView>> {
    return this.reports.messages(workspaceId, id, simulationId, query, isPersonal(caller));
  }

  @Get('instances')
  @AnswersPage(
    'journeys:read',
    'Profiles that would have been on the journey, who entered last first',
    JourneyInstanceView,
    'Instances, as they were at the end.',
  )
  @ApiResponse(CLEARED)
  instances(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Query() query: SimulatedInstanceQuery,
  ): Promise<Page<JourneyInstanceView>> {
    return this.reports.instances(workspaceId, id, simulationId, query);
  }

  @Get('instances/:instanceId')
  @Answers(
    'journeys:read',
    'One profile on its way: what it would have seen, which way it would have taken and why',
    WholeSimulatedInstanceView,
  )
  @ApiResponse(CLEARED)
  instance(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Param('instanceId') instanceId: string,
  ): Promise<WholeSimulatedInstanceView> {
    return this.reports.instance(workspaceId, id, simulationId, instanceId, isPersonal(caller));
  }

  @Get('refusals')
  @AnswersPage(
    'journeys:read',
    'Who might have entered and would not have, and why',
    SimulatedRefusalView,
    'Refusals.',
  )
  @ApiResponse(CLEARED)
  refusals(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Query() query: SimulatedRefusalQuery,
  ): Promise<Page<SimulatedRefusalView>> {
    return this.reports.refusals(workspaceId, id, simulationId, query);
  }

  @Get('comparison')
  @Answers('journeys:read', 'Where another simulation of the journey differs, in sums', ComparisonView)
  @ApiResponse(CLEARED)
  comparison(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Query() query: ComparisonQuery,
  ): Promise<ComparisonView> {
    return this.comparisons.compare(workspaceId, id, simulationId, query.with);
  }

  @Get('comparison/messages')
  @AnswersPage(
    'journeys:read',
    'Messages in which two simulations differ: who gets them, when and with what content',
    ComparedMessageView,
    'Messages, by profile.',
  )
  @ApiResponse(CLEARED)
  comparedMessages(
    @Workspace() workspaceId: string,
    @Caller() caller: AccessContext,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
    @Query() query: ComparedMessageQuery,
  ): Promise<Page<ComparedMessageView>> {
    return this.comparisons.messages(workspaceId, id, simulationId, query, isPersonal(caller));
  }
}
