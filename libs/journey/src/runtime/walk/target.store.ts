import { Injectable } from '@nestjs/common';
import { PluginCatalog } from '@percorso/connector';
import { Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { formOf, type Target } from './plan-message';

/** Reads what messages are made for. */
@Injectable()
export class TargetStore {
  constructor(
    private readonly database: Database,
    private readonly plugins: PluginCatalog,
  ) {}

  /** Connectors that are there, by id. */
  async targets(workspaceId: string, ids: readonly string[]): Promise<Map<string, Target>> {
    const rows = await this.database.statement<{ id: string; plugin: string }>(
      workspaceId,
      'SELECT id, plugin_id AS plugin FROM connector WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
      [workspaceId, ids],
    );
    return new Map(
      await Promise.all(
        rows.map(async ({ id, plugin }) => [id, await this.target(workspaceId, plugin)] as const),
      ),
    );
  }

  private async target(workspaceId: string, plugin: string): Promise<Target> {
    try {
      return { form: formOf((await this.plugins.get(workspaceId, plugin)).manifest) };
    } catch (error) {
      // A plugin that is disabled or missing; anything else may pass.
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      return { unusable: { code: error.code, reason: error.title } };
    }
  }
}
