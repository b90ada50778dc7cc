import { CAPABILITIES, KINDS } from '@percorso/plugin-kit';
import type { SchemaObject } from './openapi-types';

/** Success answers of routes whose controllers return plain shapes that no class describes. */

type Schema = SchemaObject | { $ref: string };

const text: Schema = { type: 'string' };
const instant: Schema = { type: 'string', format: 'date-time' };
const uuid: Schema = { type: 'string', format: 'uuid' };
const integer: Schema = { type: 'integer' };
const anything: Schema = { type: 'object', additionalProperties: true };

function record(properties: Record<string, Schema>, optional: readonly string[] = []): SchemaObject {
  return {
    type: 'object',
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    properties,
  };
}

const nullable = (schema: Schema): Schema => ({ ...schema, nullable: true });

const page = (items: Schema): Schema =>
  record({ data: { type: 'array', items }, next: { type: 'string', nullable: true } });

const contract: Schema = {
  type: 'string',
  enum: ['current', 'previous', 'unsupported'],
  description:
    '`previous`: the next version of the contract ends it; `unsupported`: this hub does not run it.',
};
const capabilities: Schema = { type: 'array', items: { type: 'string', enum: [...CAPABILITIES] } };

const plugin = record(
  {
    id: text,
    name: text,
    kind: { type: 'string', enum: [...KINDS] },
    version: text,
    api: text,
    contract,
    capabilities,
    channel: text,
    egress: { type: 'array', items: anything },
    source: { type: 'string', enum: ['hub', 'installed'] },
    state: {
      type: 'string',
      enum: ['active', 'disabled', 'waiting'],
      description: '`waiting`: no version is live yet.',
    },
    parked: {
      ...nullable(record({ reason: text, at: instant })),
      description: 'Why its process is not started any more, until it is unparked.',
    },
    settingsSchema: nullable(anything),
    problem: { ...text, nullable: true, description: 'Why its code does not run.' },
  },
  ['channel'],
);

const pluginVersion = record({
  version: text,
  state: { type: 'string', enum: ['waiting', 'ready', 'refused'] },
  live: { type: 'boolean' },
  package: text,
  source: { type: 'string', enum: ['registry', 'upload'] },
  integrity: text,
  api: text,
  contract,
  settingsVersion: integer,
  capabilities,
  egress: { type: 'array', items: anything },
  newEgress: {
    type: 'array',
    items: anything,
    description: 'What it reaches and the live version does not, until it is approved.',
  },
  problem: { ...text, nullable: true },
  installedAt: instant,
});

const pluginDetail: Schema = {
  ...plugin,
  required: [...(plugin.required ?? []), 'versions'],
  properties: { ...plugin.properties, versions: { type: 'array', items: pluginVersion } },
};
const pluginNow: Answer = { description: 'The plugin as it now is.', schema: pluginDetail };

const check = record({ ok: { type: 'boolean' }, code: text, message: text, pointer: text }, [
  'code',
  'message',
  'pointer',
]);

const connector = record({
  id: uuid,
  plugin: text,
  name: text,
  settings: { ...anything, description: 'Of secrets only whether they are set: `{"set": true}`.' },
  state: { type: 'string', enum: ['active', 'disabled'] },
  parked: {
    ...nullable(record({ reason: text, at: instant })),
    description:
      'Why its settings could not be brought to the version of this release; nothing is sent meanwhile.',
  },
  version: integer,
  lastCheck: nullable(anything),
  createdAt: instant,
  updatedAt: instant,
});

const exported = (row: Schema): Schema =>
  record(
    {
      value: { type: 'array', items: row },
      leftOut: record({ consent: integer, suppression: integer }),
      nextLink: { type: 'string', format: 'uri' },
      deltaLink: { type: 'string', format: 'uri' },
    },
    ['leftOut', 'nextLink', 'deltaLink'],
  );

const member: Schema = {
  type: 'object',
  required: ['id'],
  properties: { id: uuid, since: instant },
  additionalProperties: { description: 'The fields that were asked for.' },
};

const change: Schema = {
  type: 'object',
  required: ['id'],
  properties: { id: uuid, changedAt: instant, '@removed': record({ reason: text }) },
  additionalProperties: { description: 'The fields that were asked for.' },
};

export interface Answer {
  description: string;
  schema: Schema;
  /** Media types besides JSON, each one text of rows. */
  alsoAs?: string[];
}

const ROWS = ['application/x-ndjson', 'text/csv'];

export const ANSWERS: Record<string, Answer> = {
  'GET /v1/plugins': { description: 'Installed plugins.', schema: { type: 'array', items: plugin } },
  'POST /v1/plugins': pluginNow,
  'POST /v1/plugins/tarball': pluginNow,
  'GET /v1/plugins/{pluginId}': { description: 'The plugin and its versions.', schema: pluginDetail },
  'POST /v1/plugins/{pluginId}/versions/{version}/approve': pluginNow,
  'POST /v1/plugins/{pluginId}/versions/{version}/activate': pluginNow,
  'POST /v1/plugins/{pluginId}/disable': pluginNow,
  'POST /v1/plugins/{pluginId}/enable': pluginNow,
  'POST /v1/plugins/{pluginId}/unpark': pluginNow,
  'POST /v1/connectors': { description: 'The connector.', schema: connector },
  'GET /v1/connectors': { description: 'Connectors.', schema: page(connector) },
  'GET /v1/connectors/{id}': { description: 'The connector.', schema: connector },
  'PATCH /v1/connectors/{id}': { description: 'The connector as it now is.', schema: connector },
  'POST /v1/connectors/{id}/check': { description: 'What the provider said.', schema: check },
  'GET /v1/audiences/{id}/members': {
    description: 'Members, and where to go on: nextLink or, at the end, deltaLink.',
    schema: exported(member),
    alsoAs: ROWS,
  },
  'GET /v1/audiences/{id}/deltas': {
    description: 'Changes in order, and where to go on: nextLink or deltaLink.',
    schema: exported(change),
    alsoAs: ROWS,
  },
};
