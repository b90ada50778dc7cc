import type { QueueOptions } from 'bull';
import Redis, { Cluster } from 'ioredis';
import { redisOptions } from './redis-options';

const PATIENCE_MS = 5_000;

const clusters = new Set<Cluster>();

/** Lets go of clusters' connections: queues that are closed leave them open. */
export function disconnectQueues(): void {
  for (const cluster of clusters) cluster.disconnect();
}

/** A queue's name with a hash tag, so that on Redis Cluster all its keys are in one slot, and each queue's in another. */
export const queueName = (name: string): string => `{${name}}`;

/** What Bull needs to reach the Redis of a URL, or the whole cluster when that is a node of one. */
export async function bullOptions(redisUrl: string, prefix: string | undefined): Promise<QueueOptions> {
  const redis = redisOptions(redisUrl);
  if (!(await isCluster(redisUrl))) return { prefix, redis };
  return {
    prefix,
    createClient: (type) => {
      // The connection that waits for jobs waits as long as it takes; Bull insists on it.
      const waits = type === 'client' ? {} : { maxRetriesPerRequest: null };
      const cluster = new Cluster([{ host: redis.host, port: redis.port }], {
        redisOptions: { ...redis, db: 0, ...waits },
        enableReadyCheck: false,
        clusterRetryStrategy: (times) => Math.min(times * 250, 3000),
        // Nodes behind TLS are named, and their certificates hold those names.
        ...(redis.tls ? { dnsLookup: (address, done) => done(null, address) } : {}),
      });
      clusters.add(cluster);
      cluster.once('end', () => clusters.delete(cluster));
      return cluster as unknown as Redis;
    },
  };
}

/** A Redis that does not answer yet counts as none: it is reached as a single server when it comes. */
async function isCluster(redisUrl: string): Promise<boolean> {
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return /^cluster_enabled:1/m.test(await client.info('cluster'));
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
