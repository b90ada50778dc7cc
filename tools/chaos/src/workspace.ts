import { HubApi, openWorkspace, poll } from '@percorso/demo';
import type { Target } from './schedule';
import type { Stage } from './stage';

export interface Workspace {
  id: string;
  admin: HubApi;
  writeKey: string;
  /** A key that only reads audiences. */
  readKey: string;
  audiences: Record<'vips' | 'buyers', string>;
  syncs: Record<Target, { id: string; connectorId: string; audience: 'vips' | 'buyers' }>;
}

const DEFINITIONS = {
  vips: { trait: { path: 'tier', op: 'eq', value: 'vip' } },
  buyers: { event: { name: 'Order Completed', measure: 'count', op: 'gte', value: 1 } },
};

const FROM = '+15005550006';
const MAIL_FROM = 'shop@percorso.example';

const MAPPINGS: Record<Target, { expression: string; required: string[] }> = {
  campaign: {
    expression:
      '{ "email": profile.identities.email[0], "firstName": profile.traits.firstName, "cusLoyaltyTier": "vip" }',
    required: ['email'],
  },
  mail: {
    expression:
      '{ "to": profile.identities.email[0], "subject": "Welcome", "text": "Dear " & profile.traits.lastName }',
    required: ['to'],
  },
  sms: { expression: '{ "to": profile.traits.phone, "text": "Welcome" }', required: ['to'] },
  keyed: { expression: '{ "to": profile.traits.device, "text": "Welcome" }', required: ['to'] },
};

/** Audiences, connectors and syncs on every change: a mirror to a campaign system, and a message for each first purchase. */
export async function makeWorkspace({ url, rootKey, twins, logins }: Stage): Promise<Workspace> {
  const health = new HubApi(url, rootKey);
  await poll(() => health.get<object>('/health/ready').then(Boolean, () => false), Boolean, {
    what: 'The hub',
    timeoutMs: 120_000,
  });
  const { workspaceId, admin, writeKey } = await openWorkspace(url, rootKey);
  const create = async (things: string, body: object): Promise<string> =>
    (await admin.post<{ id: string }>(`/v1/${things}`, body)).id;
  const audience = async (name: 'vips' | 'buyers'): Promise<string> => {
    const id = await create('audiences', { name, definition: { version: 1, where: DEFINITIONS[name] } });
    await evaluate(admin, id);
    return id;
  };
  const audiences = { vips: await audience('vips'), buyers: await audience('buyers') };
  const sync = async (
    target: Target,
    of: 'vips' | 'buyers',
    plugin: string,
    settings: object,
    mode: string,
  ): Promise<Workspace['syncs'][Target]> => {
    const connectorId = await create('connectors', { plugin, name: target, settings });
    const mappingId = await create('mappings', { name: target, ...MAPPINGS[target] });
    const id = await create('syncs', {
      name: target,
      audienceId: audiences[of],
      connectorId,
      mappingId,
      mode,
      triggers: { onDelta: true },
    });
    return { id, connectorId, audience: of };
  };
  const { campaign, keyed, sms, mail } = twins;
  const mailbox = { host: mail.host, port: mail.port, security: 'none', from: MAIL_FROM };
  const syncs = {
    campaign: await sync(
      'campaign',
      'vips',
      'adobe-campaign-classic',
      { url: campaign.url, ...logins.campaign, removeOperation: 'delete' },
      'mirror',
    ),
    keyed: await sync('keyed', 'buyers', 'chaos-keyed', { url: keyed.url, ...logins.keyed }, 'incremental'),
    sms: await sync('sms', 'buyers', 'twilio', { url: sms.url, ...logins.sms, from: FROM }, 'append'),
    mail: await sync('mail', 'buyers', 'smtp', mailbox, 'incremental'),
  };
  await mail.inject({ kind: 'hardBounce', recipient: '@bounce\\.example$' });
  const { key: readKey } = await admin.post<{ key: string }>('/v1/api-keys', {
    name: 'puller',
    scopes: ['audiences:read'],
  });
  return { id: workspaceId, admin, writeKey, readKey, audiences, syncs };
}

/** Holds an audience against its set, however long that takes. @returns memberships that were wrong; null the first time */
export async function evaluate(admin: HubApi, audienceId: string): Promise<number | null> {
  const { id } = await admin.post<{ id: string }>(`/v1/audiences/${audienceId}/evaluate`);
  const { state, error, drift } = await poll(
    () => admin.get<{ state: string; error: string | null; drift: number | null }>(`/v1/evaluations/${id}`),
    (evaluation) => evaluation.state === 'done' || evaluation.state === 'failed',
    { what: 'an evaluation', timeoutMs: 300_000 },
  );
  if (state === 'failed') throw new RangeError(`An evaluation failed: ${error}`);
  return drift;
}
