import { Body, Controller, Delete, Get, Param, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  type AccessRequest,
  Actor,
  Answers,
  readBytes,
  Removes,
  Scopes,
  StreamsRows,
  Workspace,
} from '@percorso/access';
import { PluginInstaller } from './plugin-installer';
import { PluginLifecycle } from './plugin-lifecycle';
import { PluginViews, type PluginDetailView, type PluginView } from './plugin-views';
import { ApprovePluginDto, InstallPluginDto, UploadPluginQuery } from './plugin.dto';
import { PACKAGE_LIMITS } from './unpack';

const TARBALLS = ['application/gzip', 'application/x-gzip', 'application/octet-stream'];

@ApiTags('Plugins')
@Controller('v1/plugins')
export class PluginController {
  constructor(
    private readonly views: PluginViews,
    private readonly installer: PluginInstaller,
    private readonly lifecycle: PluginLifecycle,
  ) {}

  @Get()
  @Answers('connectors:read', 'List installed plugins with the JSON Schema of their settings')
  list(@Workspace() workspaceId: string): Promise<PluginView[]> {
    return this.views.list(workspaceId);
  }

  @Post()
  @Scopes('plugins:write')
  @ApiOperation({
    summary: 'Install a plugin from the registry, or upgrade to another version of it',
    description:
      'Its hash is checked, it is unpacked, and no code of it runs before its egress is approved. An upgrade that reaches ' +
      'nothing new is examined and goes live at once.',
  })
  async install(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Body() { name, version }: InstallPluginDto,
  ): Promise<PluginDetailView> {
    return this.views.get(workspaceId, await this.installer.fromRegistry(workspaceId, actor, name, version));
  }

  @Post('tarball')
  @StreamsRows()
  @Scopes('plugins:write')
  @ApiOperation({
    summary: 'Install a plugin from an uploaded tarball, as `npm pack` makes it',
    description: `At most ${PACKAGE_LIMITS.tarballBytes} bytes, and ${PACKAGE_LIMITS.unpackedBytes} unpacked.`,
  })
  @ApiConsumes('application/gzip', 'application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  async upload(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Query() { integrity }: UploadPluginQuery,
    @Req() request: AccessRequest,
  ): Promise<PluginDetailView> {
    const tarball = await readBytes(request, TARBALLS, PACKAGE_LIMITS.tarballBytes);
    return this.views.get(
      workspaceId,
      await this.installer.fromUpload(workspaceId, actor, tarball, integrity),
    );
  }

  @Get(':pluginId')
  @Answers('connectors:read', 'Read a plugin with its versions')
  get(@Workspace() workspaceId: string, @Param('pluginId') id: string): Promise<PluginDetailView> {
    return this.views.get(workspaceId, id);
  }

  @Post(':pluginId/versions/:version/approve')
  @Answers(
    'plugins:write',
    'Approve where a version may connect to; it is examined in a process of its own and goes live',
  )
  async approve(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
    @Param('version') version: string,
    @Body() { egress }: ApprovePluginDto,
  ): Promise<PluginDetailView> {
    await this.installer.approve(workspaceId, actor, id, version, egress);
    return this.views.get(workspaceId, id);
  }

  @Post(':pluginId/versions/:version/activate')
  @Answers('plugins:write', 'Make a version the live one: an upgrade, or the way back')
  async activate(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
    @Param('version') version: string,
  ): Promise<PluginDetailView> {
    await this.lifecycle.activate(workspaceId, actor, id, version);
    return this.views.get(workspaceId, id);
  }

  @Post(':pluginId/disable')
  @Answers('plugins:write', 'Refuse all calls of a plugin; what is to be sent waits')
  async disable(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
  ): Promise<PluginDetailView> {
    await this.lifecycle.setState(workspaceId, actor, id, 'disabled');
    return this.views.get(workspaceId, id);
  }

  @Post(':pluginId/enable')
  @Answers('plugins:write', 'Take calls of a disabled plugin again')
  async enable(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
  ): Promise<PluginDetailView> {
    await this.lifecycle.setState(workspaceId, actor, id, 'active');
    return this.views.get(workspaceId, id);
  }

  @Post(':pluginId/unpark')
  @Answers('plugins:write', 'Start a plugin again that was parked because its process kept crashing')
  async unpark(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
  ): Promise<PluginDetailView> {
    await this.lifecycle.unpark(workspaceId, actor, id);
    return this.views.get(workspaceId, id);
  }

  @Delete(':pluginId/versions/:version')
  @Removes('plugins:write', 'Delete a version that is not live')
  removeVersion(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
    @Param('version') version: string,
  ): Promise<void> {
    return this.lifecycle.removeVersion(workspaceId, actor, id, version);
  }

  @Delete(':pluginId')
  @Removes('plugins:write', 'Delete an installed plugin that no connector uses')
  remove(
    @Workspace() workspaceId: string,
    @Actor() actor: string,
    @Param('pluginId') id: string,
  ): Promise<void> {
    return this.lifecycle.remove(workspaceId, actor, id);
  }
}
