import { Inject, Injectable, OnApplicationShutdown } from '@nestjs/common';
import { PluginHosts } from '@percorso/connector';
import { Database, Leases, Shards } from '@percorso/storage';
import Redis from 'ioredis';
import { HUB_OPTIONS, HubOptions } from '../hub-options';

const PATIENCE_MS = 2000;

export interface EngineHealth {
  ok: boolean;
  /** What is wrong, in words that carry no address and no credential. */
  problem?: string;
  settings?: Record<string, string>;
}

export interface Readiness {
  status: 'ready' | 'not-ready' | 'stopping';
  postgres: EngineHealth;
  clickhouse: EngineHealth;
  redis: EngineHealth;
  /** Partitions of shared work this process has, by kind; empty without the worker's role. */
  leases: Record<string, number>;
  /** What keeps plugins in: the kernel, or Node alone and then why. */
  plugins: { isolation: 'enforced' | 'advisory'; problem?: string };
}

const DURABLE = ['fsync', 'synchronous_commit', 'full_page_writes'] as const;

@Injectable()
export class ReadinessService implements OnApplicationShutdown {
  private readonly redis: Redis;
  private stopping = false;

  constructor(
    private readonly database: Database,
    private readonly leases: Leases,
    private readonly shards: Shards,
    private readonly plugins: PluginHosts,
    @Inject(HUB_OPTIONS) options: HubOptions,
  ) {
    this.redis = new Redis(options.redisUrl, {
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      enableOfflineQueue: true,
      connectTimeout: PATIENCE_MS,
      retryStrategy: (times) => Math.min(times * 200, 2000),
    });
    // Without a listener every lost connection would be printed; the answer below says it.
    this.redis.on('error', () => undefined);
  }

  /** From now on not ready, so that load balancers turn away before the port closes. */
  stop(): void {
    this.stopping = true;
  }

  async check(): Promise<Readiness> {
    const [postgres, clickhouse, redis] = await Promise.all([
      within(this.postgres()),
      within(this.clickHouse()),
      within(this.redisHealth()),
    ]);
    const ready = postgres.ok && clickhouse.ok && redis.ok;
    return {
      status: this.stopping ? 'stopping' : ready ? 'ready' : 'not-ready',
      postgres,
      clickhouse,
      redis,
      leases: this.leases.counts(),
      plugins: this.pluginIsolation(),
    };
  }

  /** Shown only: a hub whose plugins nobody but Node keeps in does its work all the same. */
  private pluginIsolation(): Readiness['plugins'] {
    const { isolation, isolationProblem } = this.plugins;
    return isolationProblem === null ? { isolation } : { isolation, problem: isolationProblem };
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  private async postgres(): Promise<EngineHealth> {
    const { rows } = await this.database.control((tx) =>
      tx.query<Record<string, string>>(
        `SELECT current_setting('server_version') AS version, ${DURABLE.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`,
      ),
    );
    const settings = rows[0] ?? {};
    const unsafe = DURABLE.filter((name) => settings[name] === 'off');
    return unsafe.length === 0
      ? { ok: true, settings }
      : {
          ok: false,
          settings,
          problem: `${unsafe.join(', ')} must not be off: acknowledged events could be lost`,
        };
  }

  private async clickHouse(): Promise<EngineHealth> {
    const versions = await this.shards.each(async (client) => {
      const answer = await client.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' });
      return (await answer.json<{ version: string }>())[0]?.version;
    });
    const settings = { version: [...new Set(versions)].join(', ') };
    return {
      ok: !versions.includes(undefined),
      settings: versions.length > 1 ? { ...settings, shards: String(versions.length) } : settings,
    };
  }

  private async redisHealth(): Promise<EngineHealth> {
    const info = await this.redis.info();
    const read = (name: string): string => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown';
    const policy = read('maxmemory_policy');
    const settings = { version: read('redis_version'), 'maxmemory-policy': policy };
    if (policy !== 'noeviction' && policy !== 'unknown' && read('maxmemory') !== '0') {
      return { ok: false, settings, problem: 'maxmemory-policy must be noeviction: queues could be evicted' };
    }
    if (read('cluster_enabled') !== '1') return { ok: true, settings };
    const state =
      /^cluster_state:(\S+)/m.exec(String(await this.redis.call('CLUSTER', 'INFO')))?.[1] ?? 'unknown';
    const ofCluster = { ...settings, cluster: state };
    return state === 'ok'
      ? { ok: true, settings: ofCluster }
      : { ok: false, settings: ofCluster, problem: 'the cluster does not serve all of its slots' };
  }
}

async function within(check: Promise<EngineHealth>): Promise<EngineHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<EngineHealth>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, problem: 'does not answer in time' }), PATIENCE_MS);
  });
  try {
    return await Promise.race([
      check.catch((): EngineHealth => ({ ok: false, problem: 'cannot be reached' })),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
