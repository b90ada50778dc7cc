import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Etag,
  IfMatch,
  IfMatchOfExisting,
  type Page,
  PageAnswer,
  PageQuery,
  Scopes,
  Workspace,
} from '@percorso/access';
import {
  FieldLabelsView,
  LabelView,
  PutFieldLabels,
  PutLabel,
  PutUsagePolicy,
  UsagePolicyView,
} from './usage.dto';
import { UsageService } from './usage.service';

@ApiTags('Usage')
@Controller('v1')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get('labels')
  @Scopes('usage:read')
  @ApiOperation({ summary: 'List the labels that fields can have' })
  @PageAnswer(LabelView, 'The standard ones, then your own, all in one page.')
  labels(@Workspace() workspaceId: string): Promise<Page<LabelView>> {
    return this.usage.labels(workspaceId);
  }

  @Put('labels/:name')
  @Scopes('usage:write')
  @Etag()
  @ApiOperation({ summary: 'Make a label of your own' })
  @ApiOkResponse({ type: LabelView })
  putLabel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatchOfExisting() version: number | undefined,
    @Body() body: PutLabel,
  ): Promise<LabelView> {
    return this.usage.putLabel({ workspaceId, actor, name, version }, body);
  }

  @Delete('labels/:name')
  @HttpCode(204)
  @Scopes('usage:write')
  @ApiOperation({ summary: 'Take away a label that nothing has' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  removeLabel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removeLabel({ workspaceId, actor, name, version });
  }

  @Get('field-labels')
  @Scopes('usage:read')
  @ApiOperation({ summary: 'List the fields that have labels' })
  @PageAnswer(FieldLabelsView, 'By name.')
  fields(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<FieldLabelsView>> {
    return this.usage.fields(workspaceId, query);
  }

  @Get('field-labels/:field')
  @Scopes('usage:read')
  @Etag()
  @ApiOperation({ summary: 'Read the labels of a field' })
  @ApiOkResponse({ type: FieldLabelsView })
  field(@Workspace() workspaceId: string, @Param('field') field: string): Promise<FieldLabelsView> {
    return this.usage.field(workspaceId, field);
  }

  @Put('field-labels/:field')
  @Scopes('usage:write')
  @Etag()
  @ApiOperation({ summary: 'Label a field, with all that is below it' })
  @ApiOkResponse({
    type: FieldLabelsView,
    description:
      'Syncs are held against it before they do anything more; those that may not tell it and stand still.',
  })
  putField(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('field') name: string,
    @IfMatchOfExisting() version: number | undefined,
    @Body() body: PutFieldLabels,
  ): Promise<FieldLabelsView> {
    return this.usage.putField({ workspaceId, actor, name, version }, body.labels);
  }

  @Delete('field-labels/:field')
  @HttpCode(204)
  @Scopes('usage:write')
  @ApiOperation({ summary: 'Take the labels off a field' })
  @ApiNoContentResponse({ description: 'It has none of its own any more.' })
  removeField(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('field') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removeField({ workspaceId, actor, name, version });
  }

  @Get('usage-policies')
  @Scopes('usage:read')
  @ApiOperation({ summary: 'List the policies: which labels are barred from what' })
  @PageAnswer(UsagePolicyView, 'The standard ones, then your own, all in one page.')
  policies(@Workspace() workspaceId: string): Promise<Page<UsagePolicyView>> {
    return this.usage.policies(workspaceId);
  }

  @Get('usage-policies/:name')
  @Scopes('usage:read')
  @Etag()
  @ApiOperation({ summary: 'Read a policy' })
  @ApiOkResponse({ type: UsagePolicyView })
  policy(@Workspace() workspaceId: string, @Param('name') name: string): Promise<UsagePolicyView> {
    return this.usage.policy(workspaceId, name);
  }

  @Put('usage-policies/:name')
  @Scopes('usage:write')
  @Etag()
  @ApiOperation({ summary: 'Make a policy of your own, or switch a standard one off or on' })
  @ApiOkResponse({ type: UsagePolicyView })
  putPolicy(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatchOfExisting() version: number | undefined,
    @Body() body: PutUsagePolicy,
  ): Promise<UsagePolicyView> {
    return this.usage.putPolicy({ workspaceId, actor, name, version }, body);
  }

  @Delete('usage-policies/:name')
  @HttpCode(204)
  @Scopes('usage:write')
  @ApiOperation({ summary: 'Take away a policy of your own' })
  @ApiNoContentResponse({ description: 'It is gone.' })
  removePolicy(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removePolicy({ workspaceId, actor, name, version });
  }
}
