import { Body, Controller, Delete, Get, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Actor, Answers, Etag, IfMatch, IfMatchOfExisting, Removes, Workspace } from '@percorso/access';
import { ScheduleView, SetSchedule } from './schedule.dto';
import { ScheduleService } from './schedule.service';

@ApiTags('Audiences')
@Controller('v1/audiences/:id/schedule')
export class ScheduleController {
  constructor(private readonly schedules: ScheduleService) {}

  @Get()
  @Etag()
  @Answers(
    'audiences:read',
    'Read when an audience is evaluated',
    ScheduleView,
    'The schedule, its next run and its last.',
  )
  get(@Workspace() workspaceId: string, @Param('id') id: string): Promise<ScheduleView> {
    return this.schedules.get(workspaceId, id);
  }

  @Put()
  @Etag()
  @Answers(
    'audiences:write',
    'Have an audience evaluated at times, or after ingest',
    ScheduleView,
    'The schedule as it now is.',
  )
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
  @Removes('audiences:write', 'Take the schedule away', 'It is gone; runs that began go on.')
  remove(
    @Workspace() workspaceId: string,
    @Param('id') id: string,
    @IfMatch() version: number,
    @Actor() actor: string,
  ): Promise<void> {
    return this.schedules.remove(workspaceId, id, version, actor);
  }
}
