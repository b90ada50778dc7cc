import { parseArgs } from 'node:util';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plainToInstance, Transform } from 'class-transformer';
import {
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  validateSync,
} from 'class-validator';

export const ROLES = ['api', 'ingest', 'worker'] as const;
export type Role = (typeof ROLES)[number];

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const split = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
    : value;
const number = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value;

/** Node itself only warns, and then trusts nothing more. */
const IsCertificateFile = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCertificateFile',
    validator: {
      validate: (file: string) => {
        try {
          return Boolean(new X509Certificate(readFileSync(file)));
        } catch {
          return false;
        }
      },
      defaultMessage: () => 'must name a file of PEM certificates',
    },
  });

/** Everything the hub can be told, from flags and environment; nothing else in the code reads either. */
export class HubConfig {
  @IsOptional()
  @IsString()
  databaseUrl?: string;

  @IsOptional()
  @IsString()
  clickhouseUrl?: string;

  @IsOptional()
  @Transform(({ value }) => split(value))
  @IsString({ each: true })
  @ArrayMinSize(2, { message: 'must name two shards or more; a single server is CLICKHOUSE_URL' })
  @ArrayUnique({ message: 'must name each shard once' })
  clickhouseShards?: string[];

  @IsOptional()
  @Matches(/^[\w.-]+$/, { message: 'must be the name of a cluster in the servers’ configuration' })
  clickhouseCluster?: string;

  @IsOptional()
  @IsString()
  redisUrl?: string;

  @Transform(({ value }) => number(value))
  @IsInt({ message: 'must be a port, from 0 (any free one) to 65535' })
  @Min(0, { message: 'must be a port, from 0 (any free one) to 65535' })
  @Max(65535, { message: 'must be a port, from 0 (any free one) to 65535' })
  port: number = 8080;

  @IsString()
  @IsNotEmpty({ message: 'must be an address to listen on' })
  host: string = '127.0.0.1';

  @IsString()
  @IsNotEmpty({ message: 'must be a folder' })
  dataDir: string = '.percorso';

  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  rootKey?: string;

  @IsOptional()
  @IsString()
  rootKeyFile?: string;

  @IsOptional()
  @IsString()
  masterKeyFile?: string;

  @IsOptional()
  @IsCertificateFile()
  extraCaFile?: string;

  @IsIn(LEVELS, { message: `must be one of ${LEVELS.join(', ')}` })
  logLevel: (typeof LEVELS)[number] = 'info';

  @Transform(({ value }) => split(value))
  @IsArray()
  @ArrayMinSize(1, { message: `must name at least one of ${ROLES.join(', ')}` })
  @IsIn(ROLES, { each: true, message: `must be a list of ${ROLES.join(', ')}` })
  roles: Role[] = [...ROLES];

  @IsOptional()
  @Transform(({ value }) => split(value))
  @IsString({ each: true })
  trustProxy?: string[];

  @IsOptional()
  @Transform(({ value }) => split(value))
  @IsString({ each: true })
  pluginDirs?: string[];

  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http(s) URL' },
  )
  pluginRegistry: string = 'https://registry.npmjs.org';

  @IsIn(['refused', 'allowed'], { message: 'must be refused or allowed' })
  advisoryPlugins: 'refused' | 'allowed' = 'refused';

  @IsOptional()
  @IsUrl(
    { protocols: ['http', 'https'], require_protocol: true, require_tld: false },
    { message: 'must be an http(s) URL' },
  )
  publicUrl?: string;

  @Transform(({ value }) => number(value))
  @IsInt({ message: 'must be a number of connections' })
  @Min(2, { message: 'must be from 2 to 200' })
  @Max(200, { message: 'must be from 2 to 200' })
  poolSize: number = 20;

  @Transform(({ value }) => number(value))
  @IsIn([1, 2, 4, 8, 16, 32, 64], { message: 'must be 1, 2, 4, 8, 16, 32 or 64' })
  partitions: number = 8;

  /** At least so many that nothing but readers by person can still want older events. */
  @IsOptional()
  @Transform(({ value }) => number(value))
  @IsInt({ message: 'must be a number of days, 30 or more' })
  @Min(30, { message: 'must be a number of days, 30 or more' })
  @Max(36_500, { message: 'must be a number of days, 36500 at most' })
  eventDays?: number;

  @Transform(({ value }) => number(value))
  @IsInt({ message: 'must be a number of calls a minute' })
  @Min(1, { message: 'must be a number of calls a minute' })
  hookCalls: number = 30_000;

  @Transform(({ value }) => number(value))
  @IsInt({ message: 'must be a number of days, 1 or more' })
  @Min(1, { message: 'must be a number of days, 1 or more' })
  @Max(36_500, { message: 'must be a number of days, 36500 at most' })
  journeyDays: number = 365;
}

/** Field → environment variable; the flag, where there is one, wins. */
export const VARIABLES = {
  databaseUrl: 'DATABASE_URL',
  clickhouseUrl: 'CLICKHOUSE_URL',
  clickhouseShards: 'CLICKHOUSE_SHARDS',
  clickhouseCluster: 'CLICKHOUSE_CLUSTER',
  redisUrl: 'REDIS_URL',
  port: 'PORT',
  host: 'HOST',
  dataDir: 'PERCORSO_DATA_DIR',
  rootKey: 'PERCORSO_ROOT_KEY',
  rootKeyFile: 'PERCORSO_ROOT_KEY_FILE',
  masterKeyFile: 'PERCORSO_MASTER_KEY_FILE',
  extraCaFile: 'NODE_EXTRA_CA_CERTS',
  logLevel: 'LOG_LEVEL',
  roles: 'PERCORSO_ROLES',
  trustProxy: 'PERCORSO_TRUST_PROXY',
  pluginDirs: 'PERCORSO_PLUGIN_DIRS',
  pluginRegistry: 'PERCORSO_PLUGIN_REGISTRY',
  advisoryPlugins: 'PERCORSO_ADVISORY_PLUGINS',
  publicUrl: 'PERCORSO_PUBLIC_URL',
  poolSize: 'PERCORSO_POOL_SIZE',
  partitions: 'PERCORSO_PARTITIONS',
  eventDays: 'PERCORSO_EVENT_DAYS',
  hookCalls: 'PERCORSO_HOOK_CALLS',
  journeyDays: 'PERCORSO_JOURNEY_DAYS',
} satisfies Record<keyof HubConfig, string>;

export const FLAGS = { roles: 'roles', port: 'port', host: 'host', dataDir: 'data-dir' } satisfies Partial<
  Record<keyof HubConfig, string>
>;

/** A mistake in the configuration: `message` is one line that names each variable and never repeats its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming every mistake at once. */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): HubConfig {
  const given: Record<string, unknown> = {};
  for (const [field, variable] of Object.entries(VARIABLES)) {
    const value = env[variable];
    if (value !== undefined && value !== '') given[field] = value;
  }
  Object.assign(given, readFlags(args));
  const config = plainToInstance(HubConfig, given, { exposeDefaultValues: true });
  const mistakes = validateSync(config, { stopAtFirstError: true }).map(({ property, constraints }) => {
    const field = property as keyof HubConfig;
    return `${VARIABLES[field]} ${Object.values(constraints ?? {})[0] ?? 'is not valid'}`;
  });
  if (config.clickhouseShards && config.clickhouseUrl)
    mistakes.push('CLICKHOUSE_SHARDS cannot be used together with CLICKHOUSE_URL');
  if (config.clickhouseCluster && !config.clickhouseShards && !config.clickhouseUrl)
    mistakes.push('CLICKHOUSE_CLUSTER needs CLICKHOUSE_SHARDS or CLICKHOUSE_URL');
  if (mistakes.length > 0) throw new ConfigError(`The configuration has mistakes: ${mistakes.join('; ')}.`);
  config.dataDir = resolve(config.dataDir);
  if (config.extraCaFile !== undefined) config.extraCaFile = resolve(config.extraCaFile);
  config.masterKeyFile = resolve(config.masterKeyFile ?? join(config.dataDir, 'master-key.json'));
  return config;
}

function readFlags(args: readonly string[]): Record<string, string> {
  const options = Object.fromEntries(Object.values(FLAGS).map((flag) => [flag, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      Object.entries(FLAGS).flatMap(([field, flag]) => {
        const value = values[flag];
        return typeof value === 'string' ? [[field, value]] : [];
      }),
    );
  } catch {
    const known = Object.values(FLAGS).map((flag) => `--${flag}`);
    throw new ConfigError(
      `The command line has mistakes: the hub knows ${known.join(', ')}, each with a value.`,
    );
  }
}
