import { Body, Controller, Delete, Get, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Actor,
  Answers,
  AnswersPage,
  Etag,
  IfMatch,
  IfMatchOfExisting,
  type Page,
  PageQuery,
  Removes,
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
  @AnswersPage(
    'usage:read',
    'List the labels that fields can have',
    LabelView,
    'The standard ones, then your own, all in one page.',
  )
  labels(@Workspace() workspaceId: string): Promise<Page<LabelView>> {
    return this.usage.labels(workspaceId);
  }

  @Put('labels/:name')
  @Etag()
  @Answers('usage:write', 'Make a label of your own', LabelView)
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
  @Removes('usage:write', 'Take away a label that nothing has', 'It is gone.')
  removeLabel(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removeLabel({ workspaceId, actor, name, version });
  }

  @Get('field-labels')
  @AnswersPage('usage:read', 'List the fields that have labels', FieldLabelsView, 'By name.')
  fields(@Workspace() workspaceId: string, @Query() query: PageQuery): Promise<Page<FieldLabelsView>> {
    return this.usage.fields(workspaceId, query);
  }

  @Get('field-labels/:field')
  @Etag()
  @Answers('usage:read', 'Read the labels of a field', FieldLabelsView)
  field(@Workspace() workspaceId: string, @Param('field') field: string): Promise<FieldLabelsView> {
    return this.usage.field(workspaceId, field);
  }

  @Put('field-labels/:field')
  @Etag()
  @Answers(
    'usage:write',
    'Label a field, with all that is below it',
    FieldLabelsView,
    'Syncs are held against it before they do anything more; those that may not tell it and stand still.',
  )
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
  @Removes('usage:write', 'Take the labels off a field', 'It has none of its own any more.')
  removeField(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('field') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removeField({ workspaceId, actor, name, version });
  }

  @Get('usage-policies')
  @AnswersPage(
    'usage:read',
    'List the policies: which labels are barred from what',
    UsagePolicyView,
    'The standard ones, then your own, all in one page.',
  )
  policies(@Workspace() workspaceId: string): Promise<Page<UsagePolicyView>> {
    return this.usage.policies(workspaceId);
  }

  @Get('usage-policies/:name')
  @Etag()
  @Answers('usage:read', 'Read a policy', UsagePolicyView)
  policy(@Workspace() workspaceId: string, @Param('name') name: string): Promise<UsagePolicyView> {
    return this.usage.policy(workspaceId, name);
  }

  @Put('usage-policies/:name')
  @Etag()
  @Answers('usage:write', 'Make a policy of your own, or switch a standard one off or on', UsagePolicyView)
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
  @Removes('usage:write', 'Take away a policy of your own', 'It is gone.')
  removePolicy(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('name') name: string,
    @IfMatch() version: number,
  ): Promise<void> {
    return this.usage.removePolicy({ workspaceId, actor, name, version });
  }
}
