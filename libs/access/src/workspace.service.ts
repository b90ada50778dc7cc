import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, Clock, newId, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import type { AccessContext } from './access-context';
import { audit } from './audit';
import { assertVersion } from './etag';
import { KeyService } from './key.service';
import { Page, PageQuery, readPageById } from './page';
import { ALL_SCOPES } from './scopes.decorator';
import { ChangeWorkspace, CreatedWorkspace, CreateWorkspace, WorkspaceView } from './workspace.dto';
import { WORKSPACE_HOOKS, WorkspaceHook } from './workspace-hooks';
import { WorkspaceStore } from './workspace.store';

@Injectable()
export class WorkspaceService {
  constructor(
    private readonly database: Database,
    private readonly store: WorkspaceStore,
    private readonly keys: KeyService,
    @Inject(WORKSPACE_HOOKS) private readonly hooks: readonly WorkspaceHook[],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A workspace with what every module puts in it, and its first API key: all of it or nothing. */
  async create(wanted: CreateWorkspace, actor: string): Promise<CreatedWorkspace> {
    const id = newId();
    const at = this.clock.now();
    return this.database.tx(id, async (tx) => {
      const workspace = await this.store.insert(tx, {
        id,
        name: wanted.name,
        settings: { ...wanted.settings },
        at,
      });
      for (const hook of this.hooks) await hook.created?.(tx, id);
      await audit(tx, actor, 'workspace.created', id, { name: wanted.name }, at);
      const { key } = await this.keys.issue(tx, 'api', { name: 'Admin', scopes: [ALL_SCOPES] }, actor);
      return { ...workspace, adminKey: key };
    });
  }

  list(query: PageQuery): Promise<Page<WorkspaceView>> {
    return this.database.control((tx) =>
      readPageById(query, (after, most) => this.store.list(tx, after, most)),
    );
  }

  async get(id: string, caller: AccessContext): Promise<WorkspaceView> {
    this.assertOwn(id, caller);
    const workspace = await this.database.control((tx) => this.store.find(tx, id));
    if (!workspace) throw Problem.notFound('Workspace');
    return workspace;
  }

  async change(
    id: string,
    change: ChangeWorkspace,
    version: number,
    caller: AccessContext,
  ): Promise<WorkspaceView> {
    this.assertOwn(id, caller);
    const at = this.clock.now();
    return this.database.tx(id, async (tx) => {
      const before = await this.store.find(tx, id, true);
      if (!before) throw Problem.notFound('Workspace');
      assertVersion(version, before.version);
      const name = change.name ?? before.name;
      const settings = { ...before.settings, ...change.settings };
      const after = await this.store.update(tx, id, { name, settings, at });
      if (!after) throw Problem.notFound('Workspace');
      for (const hook of this.hooks) await hook.changed?.(tx, id);
      const detail = {
        before: { name: before.name, settings: before.settings },
        after: { name, settings },
      };
      await audit(tx, caller.actor, 'workspace.changed', id, detail, at);
      return after;
    });
  }

  /** The root key sees every workspace; a workspace's key sees its own, and any other is not there. */
  private assertOwn(id: string, caller: AccessContext): void {
    if (caller.workspaceId !== undefined && caller.workspaceId !== id) throw Problem.notFound('Workspace');
  }
}
