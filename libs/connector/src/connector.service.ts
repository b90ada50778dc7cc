import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, type PageQuery, readPage } from '@percorso/access';
import { Clock, CLOCK, type FieldError, FIRST_ID, newId, Problem } from '@percorso/kernel';
import type { PluginDescription, SettingsError } from '@percorso/plugin-kit';
import { usageChanges } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import type { ConnectorView, CreateConnectorDto, UpdateConnectorDto } from './connector.dto';
import { ConnectorStore, type CheckResult, type ConnectorRow } from './connector.store';
import { usageOf, viewOf } from './connector-view';
import { HostFailure } from './host/host-failure';
import { PluginHosts, pluginUnavailable } from './host/plugin-hosts';
import type { InstalledPlugin } from './plugin/installed-plugin';
import { PluginCatalog } from './plugin/plugin-catalog';
import { ConnectorRuntime } from './runtime/connector-runtime';
import { ConnectorSecrets } from './secret/connector-secrets';
import { KeptSettingsStore } from './settings/kept-settings.store';
import { SettingsVersions, type ShownConnector } from './settings/settings-versions';
import { splitSettings, withDefaults } from './settings/split-settings';

/** Configured connections to providers. */
@Injectable()
export class ConnectorService {
  constructor(
    private readonly database: Database,
    private readonly store: ConnectorStore,
    private readonly catalog: PluginCatalog,
    private readonly hosts: PluginHosts,
    private readonly runtime: ConnectorRuntime,
    private readonly secrets: ConnectorSecrets,
    private readonly kept: KeptSettingsStore,
    private readonly versions: SettingsVersions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateConnectorDto): Promise<ConnectorView> {
    const plugin = await this.catalog.get(workspaceId, dto.plugin);
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
      secrets: this.secrets.seal(workspaceId, id, withoutNull(secrets)),
      settings_version: plugin.manifest.settingsVersion,
      state: 'active',
      usage: dto.usage ?? null,
      check_result: null,
      version: '1',
      created_at: now,
      updated_at: now,
    };
    return this.database.tx(workspaceId, async (tx) => {
      await this.catalog.hold(tx, plugin);
      await this.store.insert(tx, row);
      await audit(tx, actor, 'connector.created', id, { plugin: row.plugin_id, name: row.name }, now);
      return this.view(tx, row);
    });
  }

  async get(workspaceId: string, id: string): Promise<ConnectorView> {
    return this.database.tx(workspaceId, async (tx) => this.view(tx, await this.store.get(tx, id)));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<ConnectorView>> {
    return this.database.tx(workspaceId, async (tx) => {
      const manifests = await this.catalog.manifests(tx);
      return readPage(
        query,
        async (from: { after: string } | undefined, most) =>
          this.versions.shown(tx, await this.store.list(tx, from?.after ?? FIRST_ID, most), manifests),
        ({ row }) => ({ after: row.id }),
        (shown) => viewOf(shown, manifests),
      );
    });
  }

  async update(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    dto: UpdateConnectorDto,
  ): Promise<ConnectorView> {
    const stored = await this.database.tx(workspaceId, (tx) => this.store.get(tx, id));
    const plugin = dto.settings && (await this.catalog.get(workspaceId, stored.plugin_id));
    const before = plugin ? await this.toEdit(workspaceId, plugin, stored) : stored;
    assertVersion(expected, before.version);
    const next = {
      ...before,
      name: dto.name ?? before.name,
      state: dto.state ?? before.state,
      usage: dto.usage === undefined ? before.usage : dto.usage,
    };
    if (plugin) Object.assign(next, await this.changed(workspaceId, plugin, before, dto.settings ?? {}));
    const now = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      if (plugin) await this.catalog.hold(tx, plugin);
      if (dto.usage !== undefined) await usageChanges(tx);
      const current = await this.store.get(tx, id, 'FOR UPDATE');
      assertVersion(Number(before.version), current.version);
      if (plugin) await this.versions.edited(tx, current, next, now);
      const fields = Object.keys(dto.settings ?? {}).sort();
      await audit(
        tx,
        actor,
        'connector.updated',
        id,
        { name: next.name, state: next.state, usage: next.usage, settings: fields },
        now,
      );
      return this.view(tx, await this.store.update(tx, next, now));
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
      const changed = new Set<string>();
      for (const row of await this.store.list(tx, FIRST_ID, 100_000)) {
        const renewed = this.secrets.renewed(workspaceId, row.id, row.secrets);
        if (!renewed) continue;
        await this.store.saveSecrets(tx, row.id, renewed);
        changed.add(row.id);
      }
      for (const row of await this.kept.list(tx)) {
        const renewed = this.secrets.renewed(workspaceId, row.connector_id, row.secrets);
        if (!renewed) continue;
        await this.kept.keep(tx, { ...row, secrets: renewed });
        changed.add(row.connector_id);
      }
      return changed.size;
    });
  }

  /** What is done with the data that goes to it. @throws Problem 404 */
  async usage(tx: Transaction, id: string): Promise<readonly string[]> {
    const [row, manifests] = await Promise.all([this.store.get(tx, id), this.catalog.manifests(tx)]);
    return usageOf(row, manifests);
  }

  private async view(tx: Transaction, row: ConnectorRow): Promise<ConnectorView> {
    const manifests = await this.catalog.manifests(tx);
    const [shown] = await this.versions.shown(tx, [row], manifests);
    return viewOf(shown as ShownConnector, manifests);
  }

  private async toEdit(
    workspaceId: string,
    plugin: InstalledPlugin,
    row: ConnectorRow,
  ): Promise<ConnectorRow> {
    const description = await this.hosts.describe(plugin, workspaceId);
    return this.versions.toEdit(workspaceId, plugin, row, description);
  }

  private async changed(
    workspaceId: string,
    plugin: InstalledPlugin,
    before: ConnectorRow,
    given: Record<string, unknown>,
  ): Promise<Pick<ConnectorRow, 'settings' | 'secrets'>> {
    const description: PluginDescription = await this.hosts.describe(plugin, workspaceId);
    const { plain, secrets } = splitSettings(given, description);
    const settings = withDefaults({ ...before.settings, ...plain }, description);
    const open = { ...this.secrets.open(workspaceId, before.id, before.secrets), ...secrets };
    await this.validate(workspaceId, plugin, { ...settings, ...withoutNull(open) });
    const kept = Object.entries(before.secrets).filter(([field]) => !Object.hasOwn(secrets, field));
    return {
      settings,
      secrets: {
        ...Object.fromEntries(kept),
        ...this.secrets.seal(workspaceId, before.id, withoutNull(secrets)),
      },
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
}

function withoutNull(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
