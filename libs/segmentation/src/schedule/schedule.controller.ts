import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Actor, Etag, IfMatch, IfMatchOfExisting, Scopes, Workspace } from '@percorso/access';
import { ScheduleView, SetSchedule } from './schedule.dto';
import { ScheduleService } from './schedule.service';

@ApiTags('Audiences')
@Controller('v1/audiences/:id/schedule')
export class ScheduleController {
  constructor(private readonly schedules: ScheduleService) {}

  @Get()
  @Scopes('audiences:read')
  @Etag()
  @ApiOperation({ summary: 'Read when an audience is evaluated' })
  @ApiOkResponse({ type: ScheduleView, description: 'The schedule, its next run and its last.' })
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ScheduleView> {
    return this.schedules.get(workspaceId, id);
  }

  @Put()
  @Scopes('audiences:write')
  @Etag()
  @ApiOperation({ summary: 'Have an audience evaluated at times, or after ingest' })
  @ApiOkResponse({ type: ScheduleView, description: 'The schedule as it now is.' })
  put(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @Body() body: SetSchedule,
    @IfMatchOfExisting() version: number | undefined,
    @Actor() actor: string,
  ): Promise<ScheduleView> {
    return this.schedules.put(workspaceId, id, body, version, actor);
  }

  @Delete()
  @HttpCode(204)
  @Scopes('audiences:write')
  @ApiOperation({ summary: 'Take the schedule away' })
  @ApiNoContentResponse({ description: 'It is gone; runs that began go on.' })
  remove(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Actor() actor: string,
  ): Promise<void> {
    return this.schedules.remove(workspaceId, id, version, actor);
  }
}
