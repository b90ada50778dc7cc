import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Actor, type Page, PageAnswer, PageQuery, Scopes, Workspace } from '@percorso/access';
import { SimulateJourney, SimulationReportView, SimulationView } from './simulation.dto';
import { SimulationReportService } from './simulation-report.service';
import { SimulationService } from './simulation.service';

@ApiTags('Journeys')
@Controller('v1/journeys/:id/simulations')
export class SimulationController {
  constructor(
    private readonly simulations: SimulationService,
    private readonly reports: SimulationReportService,
  ) {}

  @Post()
  @HttpCode(202)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Walk a version over what happened: who would have got what, and when' })
  @ApiAcceptedResponse({ type: SimulationView })
  ask(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Body() body: SimulateJourney,
  ): Promise<SimulationView> {
    return this.simulations.ask(workspaceId, actor, id, body);
  }

  @Get()
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'List the simulations of a journey' })
  @PageAnswer(SimulationView, 'Simulations, the newest first.')
  list(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<SimulationView>> {
    return this.simulations.list(workspaceId, id, query);
  }

  @Get(':simulationId')
  @Scopes('journeys:read')
  @ApiOperation({ summary: 'How far a simulation has come, and what it found so far' })
  @ApiOkResponse({ type: SimulationReportView })
  get(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<SimulationReportView> {
    return this.reports.get(workspaceId, id, simulationId);
  }

  @Post(':simulationId/cancel')
  @HttpCode(200)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Stop a simulation; what it found so far stays' })
  @ApiOkResponse({ type: SimulationView })
  cancel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<SimulationView> {
    return this.simulations.cancel(workspaceId, actor, id, simulationId);
  }

  @Delete(':simulationId')
  @HttpCode(204)
  @Scopes('journeys:write')
  @ApiOperation({ summary: 'Remove a simulation, wherever it is' })
  @ApiNoContentResponse()
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('id') id: string,
    @Param('simulationId') simulationId: string,
  ): Promise<void> {
    return this.simulations.remove(workspaceId, actor, id, simulationId);
  }
}
