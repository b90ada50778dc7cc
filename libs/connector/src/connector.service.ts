import { Inject, Injectable } from '@nestjs/common';
import {
  assertVersion,
  audit,
  decodeCursor,
  encodeCursor,
  pageOf,
  type Page,
  type PageQuery,
} from '@percorso/access';
import { Clock, CLOCK, newId, Problem, type FieldError } from '@percorso/kernel';
import type { PluginDescription, SettingsError } from '@percorso/plugin-kit';
import { usageChanges } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import type { ConnectorView, CreateConnectorDto, UpdateConnectorDto } from './connector.dto';
import { ConnectorStore, type CheckResult, type ConnectorRow } from './connector.store';
import { HostFailure } from './host/host-failure';
import { PluginHosts, pluginUnavailable } from './host/plugin-hosts';
import type { InstalledPlugin } from './plugin/installed-plugin';
import { PluginRegistry } from './plugin/plugin-registry';
import { ConnectorRuntime } from './runtime/connector-runtime';
import { ConnectorOpener } from './runtime/open-connector';
import { SecretBox, type Sealed } from './secret/secret-box';
import { splitSettings, withDefaults } from './split-settings';
import { usageOfKind } from './usage';

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Configured connections to providers. */
@Injectable()
export class ConnectorService {
  constructor(
    private readonly database: Database,
    private readonly store: ConnectorStore,
    private readonly registry: PluginRegistry,
    private readonly hosts: PluginHosts,
    private readonly opener: ConnectorOpener,
    private readonly runtime: ConnectorRuntime,
    private readonly secretBox: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateConnectorDto): Promise<ConnectorView> {
    const plugin = this.registry.get(dto.plugin);
    const description = await this.hosts.describe(plugin, workspaceId);
    const { plain, secrets } = splitSettings(dto.settings, description);
    const settings = withDefaults(plain, description);
    await this.validate(workspaceId, plugin, { ...settings, ...withoutNull(secrets) });
    const now = this.clock.now();
    const id = newId();
    const row: ConnectorRow = {
      id,
      plugin_id: plugin.manifest.id,
      name: dto.name,
      settings,
      secrets: this.seal(workspaceId, id, secrets),
      state: 'active',
      usage: dto.usage ?? null,
      check_result: null,
      version: '1',
      created_at: now,
      updated_at: now,
    };
    await this.database.tx(workspaceId, async (tx) => {
      await this.store.insert(tx, row);
      await audit(tx, actor, 'connector.created', id, { plugin: row.plugin_id, name: row.name }, now);
    });
    return this.viewOf(row);
  }

  async get(workspaceId: string, id: string): Promise<ConnectorView> {
    return this.viewOf(await this.database.tx(workspaceId, (tx) => this.store.get(tx, id)));
  }

  async list(workspaceId: string, { cursor, limit }: PageQuery): Promise<Page<ConnectorView>> {
    const after = cursor === undefined ? NO_ID : decodeCursor<{ after: string }>(cursor).after;
    const rows = await this.database.tx(workspaceId, (tx) => this.store.list(tx, after, limit + 1));
    return pageOf(
      rows,
      limit,
      (row) => this.viewOf(row),
      (row) => encodeCursor({ after: row.id }),
    );
  }

  async update(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    dto: UpdateConnectorDto,
  ): Promise<ConnectorView> {
    const before = await this.database.tx(workspaceId, (tx) => this.store.get(tx, id));
    assertVersion(expected, before.version);
    const next = {
      ...before,
      name: dto.name ?? before.name,
      state: dto.state ?? before.state,
      usage: dto.usage === undefined ? before.usage : dto.usage,
    };
    if (dto.settings) Object.assign(next, await this.changed(workspaceId, before, dto.settings));
    const now = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      if (dto.usage !== undefined) await usageChanges(tx);
      const { version } = await this.store.get(tx, id, 'FOR UPDATE');
      assertVersion(Number(before.version), version);
      const fields = Object.keys(dto.settings ?? {}).sort();
      await audit(
        tx,
        actor,
        'connector.updated',
        id,
        { name: next.name, state: next.state, usage: next.usage, settings: fields },
        now,
      );
      return this.viewOf(await this.store.update(tx, next, now));
    });
  }

  async remove(workspaceId: string, actor: string, id: string, expected: number): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      const { version, name } = await this.store.get(tx, id, 'FOR UPDATE');
      assertVersion(expected, version);
      await this.store.remove(tx, id);
      await audit(tx, actor, 'connector.deleted', id, { name }, this.clock.now());
    });
  }

  async check(workspaceId: string, id: string): Promise<Omit<CheckResult, 'at'>> {
    const { version } = await this.database.tx(workspaceId, (tx) => this.store.get(tx, id));
    const answer = await this.runtime.check(workspaceId, id);
    const result: CheckResult = { ...answer, at: this.clock.now().toISOString() };
    await this.database.tx(workspaceId, (tx) => this.store.saveCheck(tx, id, version, result));
    return answer;
  }

  /** Seals again what a former master key sealed; returns how many connectors changed. */
  async rotateSecrets(workspaceId: string): Promise<number> {
    return this.database.tx(workspaceId, async (tx) => {
      const rows = await this.store.list(tx, NO_ID, 100_000);
      const stale = rows.filter((row) =>
        Object.values(row.secrets).some((one) => this.secretBox.isStale(one)),
      );
      for (const row of stale) {
        const secrets = this.seal(workspaceId, row.id, this.opener.openSecrets(workspaceId, row));
        await this.store.saveSecrets(tx, row.id, secrets);
      }
      return stale.length;
    });
  }

  /** What is done with the data that goes to it. @throws Problem 404 */
  async usage(tx: Transaction, id: string): Promise<readonly string[]> {
    return this.usageOf(await this.store.get(tx, id));
  }

  private usageOf({ usage, plugin_id: pluginId }: ConnectorRow): readonly string[] {
    return (
      usage ?? usageOfKind(this.registry.plugins.find(({ manifest }) => manifest.id === pluginId)?.manifest)
    );
  }

  private viewOf(row: ConnectorRow): ConnectorView {
    const secrets = Object.keys(row.secrets).map((field) => [field, { set: true }]);
    return {
      id: row.id,
      plugin: row.plugin_id,
      name: row.name,
      settings: { ...row.settings, ...Object.fromEntries(secrets) },
      state: row.state,
      usage: this.usageOf(row),
      version: Number(row.version),
      lastCheck: row.check_result,
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
    };
  }

  private async changed(
    workspaceId: string,
    before: ConnectorRow,
    given: Record<string, unknown>,
  ): Promise<Pick<ConnectorRow, 'settings' | 'secrets'>> {
    const plugin = this.registry.get(before.plugin_id);
    const description: PluginDescription = await this.hosts.describe(plugin, workspaceId);
    const { plain, secrets } = splitSettings(given, description);
    const settings = withDefaults({ ...before.settings, ...plain }, description);
    const open = { ...this.opener.openSecrets(workspaceId, before), ...secrets };
    await this.validate(workspaceId, plugin, { ...settings, ...withoutNull(open) });
    const kept = Object.entries(before.secrets).filter(([field]) => !Object.hasOwn(secrets, field));
    return {
      settings,
      secrets: { ...Object.fromEntries(kept), ...this.seal(workspaceId, before.id, secrets) },
    };
  }

  /** By the plugin's own rules, in its own process. @throws Problem 422 with pointers such as /settings/host */
  private async validate(
    workspaceId: string,
    plugin: InstalledPlugin,
    settings: Record<string, unknown>,
  ): Promise<void> {
    const found = await this.hosts
      .of(workspaceId, plugin)
      .validate(settings)
      .catch((error: unknown) => {
        throw error instanceof HostFailure ? pluginUnavailable(error) : error;
      });
    const errors = (found as SettingsError[]).map(({ pointer, code, message }): FieldError => ({
      pointer: `/settings${pointer}`,
      code,
      message,
    }));
    if (errors.length > 0) throw Problem.invalid(errors, 'The settings do not fit the plugin.');
  }

  private seal(workspaceId: string, row: string, secrets: Record<string, unknown>): Record<string, Sealed> {
    return Object.fromEntries(
      Object.entries(withoutNull(secrets)).map(([field, value]) => [
        field,
        this.secretBox.seal(String(value), {
          workspaceId,
          table: 'connector',
          row,
          column: `secrets.${field}`,
        }),
      ]),
    );
  }
}

function withoutNull(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
