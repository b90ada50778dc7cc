import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Answers,
  AnswersPage,
  Begins,
  type Page,
  PageQuery,
  Removes,
  Workspace,
} from '@percorso/access';
import { SimulateJourney, SimulationReportView, SimulationView } from '../report/simulation.dto';
import { SimulationReportService } from '../report/simulation-report.service';
import { SimulationService } from './simulation.service';

@ApiTags('Journeys')
@Controller('v1/journeys/:id/simulations')
export class SimulationController {
  constructor(
    private readonly simulations: SimulationService,
    private readonly reports: SimulationReportService,
  ) {}

  @Post()
  @Begins(
    'journeys:write',
    'Walk a version over what happened: who would have got what, and when',
    SimulationView,
  )
  ask(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: SimulateJourney,
  ): Promise<SimulationView> {
    return this.simulations.ask(workspaceId, actor, id, body);
  }

  @Get()
  @AnswersPage(
    'journeys:read',
    'List the simulations of a journey',
    SimulationView,
    'Simulations, the newest first.',
  )
  list(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<SimulationView>> {
    return this.simulations.list(workspaceId, id, query);
  }

  @Get(':simulationId')
  @Answers('journeys:read', 'How far a simulation has come, and what it found so far', SimulationReportView)
  get(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<SimulationReportView> {
    return this.reports.get(workspaceId, id, simulationId);
  }

  @Post(':simulationId/cancel')
  @Answers('journeys:write', 'Stop a simulation; what it found so far stays', SimulationView)
  cancel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<SimulationView> {
    return this.simulations.cancel(workspaceId, actor, id, simulationId);
  }

  @Delete(':simulationId')
  @Removes('journeys:write', 'Remove a simulation, wherever it is', 'It is there no more.')
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<void> {
    return this.simulations.remove(workspaceId, actor, id, simulationId);
  }
}
