import { StoryContext } from './context';
import { Audience } from './audience-step';
import { poll } from './hub-api';
import { vipExitMapping, vipMapping, welcomeMapping } from './shop';

export interface Sync {
  id: string;
  name: string;
  connectorId: string;
}

export interface RunCounts {
  planned: number;
  accepted: number;
  rejected: number;
  suppressed: number;
  dropped: number;
  pending: number;
  sending: number;
  unknown: number;
  superseded: number;
}

export interface Run {
  id: string;
  state: 'planning' | 'delivering' | 'done' | 'failed' | 'cancelled';
  counts: RunCounts;
  error: string | null;
}

/** Configure Adobe Campaign Classic for the lapsing VIPs. */
export async function connectCampaign(context: StoryContext, audience: Audience): Promise<Sync> {
  const { admin, twin, twinLogin } = context;
  const connector = await admin.post<{ id: string }>('/v1/connectors', {
    plugin: 'adobe-campaign-classic',
    name: 'Campaign',
    settings: { url: twin.url, ...twinLogin },
  });
  const mapping = await createMapping(context, 'VIP to recipient', vipMapping, ['email']);
  const exitMapping = await createMapping(context, 'VIP leaves', vipExitMapping, ['email']);
  return admin.post<Sync>('/v1/syncs', {
    name: 'VIPs to Campaign',
    audienceId: audience.id,
    connectorId: connector.id,
    mappingId: mapping,
    exitMappingId: exitMapping,
  });
}

/** Configure SMTP for the new buyers. */
export async function connectSmtp(context: StoryContext, audience: Audience): Promise<Sync> {
  const { admin, sink } = context;
  const connector = await admin.post<{ id: string }>('/v1/connectors', {
    plugin: 'smtp',
    name: 'Mail',
    settings: { host: sink.host, port: sink.port, security: 'none', from: 'shop@percorso.example' },
  });
  const mapping = await createMapping(context, 'Welcome e-mail', welcomeMapping, ['to']);
  return admin.post<Sync>('/v1/syncs', {
    name: 'Welcome new buyers',
    audienceId: audience.id,
    connectorId: connector.id,
    mappingId: mapping,
  });
}

async function createMapping(
  { admin }: StoryContext,
  name: string,
  expression: string,
  required: string[],
): Promise<string> {
  const { id } = await admin.post<{ id: string }>('/v1/mappings', { name, expression, required });
  return id;
}

export async function checkConnector(
  { admin, say }: StoryContext,
  { connectorId, name }: Sync,
): Promise<boolean> {
  const result = await admin.post<{ ok: boolean; message?: string }>(`/v1/connectors/${connectorId}/check`);
  say(`${name}: connection ${result.ok ? 'works' : `fails (${result.message ?? 'no reason'})`}`);
  return result.ok;
}

/** Run a sync to its end. */
export async function runSync({ admin, say }: StoryContext, sync: Sync): Promise<Run> {
  const { run } = await admin.post<{ run: { id: string } }>(`/v1/syncs/${sync.id}/run`);
  let told = 0;
  const ended = await poll(
    () => admin.get<Run & { progress: number }>(`/v1/runs/${run.id}`),
    ({ state, progress }) => {
      if (Date.now() - told > 1000) {
        told = Date.now();
        say(`${sync.name}: ${Math.round(progress * 100)} %`);
      }
      return state === 'done' || state === 'failed' || state === 'cancelled';
    },
    { what: `run of ${sync.name}` },
  );
  const { planned, accepted, rejected, suppressed, dropped, unknown } = ended.counts;
  say(
    `${sync.name}: ${ended.state}, ${planned} planned = ${accepted} accepted + ${rejected} rejected + ` +
      `${suppressed} suppressed + ${dropped} dropped by mapping + ${unknown} unknown`,
  );
  return ended;
}
