import {
  all,
  type Audience,
  change,
  connectCampaign,
  connectSmtp,
  createAudience,
  evaluate,
  HubApi,
  ingest,
  type IngestStatus,
  lapsingVips,
  makeTraffic,
  newBuyers,
  Puller,
  runSync,
  type StoryContext,
  type Sync,
  type Traffic,
  VIP_SPENT,
} from '@percorso/demo';
import { Oracle } from './oracle';
import { World } from './world';

interface Profile {
  id: string;
  identities: { namespace: string; value: string }[];
  traits: Record<string, { value: unknown; source: string; at: string }>;
  consent: Record<string, Record<string, unknown>>;
}

/** The main job, step by step, at a size a test can afford; each step builds on the one before. */
describe('from events to a synced audience', () => {
  let world: World;
  let context: StoryContext;
  let traffic: Traffic;
  let status: IngestStatus;
  let vips: Audience;
  let buyers: Audience;
  let campaign: Sync;
  let smtp: Sync;
  let puller: Puller;
  let changed = 0;

  beforeAll(async () => {
    world = await World.start();
    context = await world.workspace(500);
    traffic = makeTraffic(context.customers, context.seed, context.now);
  });

  afterAll(() => world?.stop());

  const profileOf = async (namespace: string, value: string): Promise<Profile | undefined> =>
    (await context.admin.get<{ data: Profile[] }>('/v1/profiles', { params: { namespace, value } })).data[0];

  const userIdsOf = async (audience: Audience): Promise<string[]> => {
    const rows = await world.sql<{ value: string }>(
      `SELECT n.value FROM percorso.membership m
       JOIN percorso.identity_node n ON n.workspace_id = m.workspace_id AND n.person = m.person
       WHERE m.workspace_id = $1 AND m.audience_id = $2 AND m.member AND n.namespace = 'user_id' AND n.value LIKE 'u-%'`,
      [context.workspaceId, audience.id],
    );
    return rows.map(({ value }) => value).sort();
  };

  it('in: every call is accepted once, seen as a duplicate, or quarantined with its path', async () => {
    status = await ingest(context, traffic.calls);
    expect(status).toMatchObject({
      head: traffic.calls.length,
      accepted: traffic.unique,
      duplicates: traffic.duplicates,
      quarantined: traffic.bad,
    });
    const items = await all<{ reason: string; pointer: string; code: string }>(
      context.admin,
      '/v1/quarantine?limit=100',
    );
    expect(items).toHaveLength(traffic.bad);
    expect(new Set(items.map(({ pointer }) => pointer))).toEqual(new Set(['/properties/note', '/timestamp']));
  });

  it('profiles: anonymous history joins the person who logs in', async () => {
    const { userId, anonymousId, firstName } = context.customers.find(({ previousId }) => !previousId)!;
    const person = await profileOf('user_id', userId);
    expect(person?.traits.firstName).toMatchObject({ value: firstName });
    expect((await profileOf('anonymous_id', anonymousId))?.id).toBe(person?.id);
    const events = await all<{ messageId: string }>(
      context.admin,
      `/v1/profiles/${person?.id}/events?limit=1000`,
    );
    const theirs = traffic.calls.filter((call) => call.userId === userId || call.anonymousId === anonymousId);
    const expected = new Set(theirs.map(({ messageId }) => messageId).filter((id) => !id.startsWith('bad-')));
    expect(new Set(events.map(({ messageId }) => messageId))).toEqual(expected);
  });

  it('profiles: an alias merges two ids, and the merge can be taken back', async () => {
    const { userId, previousId } = context.customers.find((customer) => customer.previousId)!;
    const merged = await profileOf('user_id', userId);
    expect((await profileOf('user_id', previousId!))?.id).toBe(merged?.id);
    const merges = await context.admin.get<{ data: { id: string; cause: { kind: string } }[] }>(
      `/v1/profiles/${merged?.id}/merges`,
    );
    const alias = merges.data.find(({ cause }) => cause.kind === 'alias');
    await context.admin.post(`/v1/merges/${alias?.id}/reverse`);
    expect((await profileOf('user_id', previousId!))?.id).not.toBe((await profileOf('user_id', userId))?.id);
  });

  it('audiences: exactly the members a plain calculation finds', async () => {
    vips = await createAudience(context, 'Lapsing VIPs', lapsingVips);
    buyers = await createAudience(context, 'New buyers', newBuyers);
    const preview = await context.admin.post<{ count: number }>('/v1/audiences/preview', {
      definition: lapsingVips,
    });
    const oracle = new Oracle(context.customers, traffic, Date.now());
    const evaluation = await evaluate(context, vips);
    expect(await userIdsOf(vips)).toEqual(oracle.lapsingVips(VIP_SPENT));
    expect(preview.count).toBe(evaluation.members);
    await evaluate(context, buyers);
    expect(await userIdsOf(buyers)).toEqual(oracle.newBuyers());
  });

  it('connectors: secrets go in and never come out; wrong credentials are told', async () => {
    campaign = await connectCampaign(context, vips);
    smtp = await connectSmtp(context, buyers);
    const connector = await context.admin.get<object>(`/v1/connectors/${campaign.connectorId}`);
    expect(JSON.stringify(connector)).not.toContain(world.twinLogin.password);
    const { rows } = {
      rows: await world.sql<{ row: string }>('SELECT c::text AS row FROM percorso.connector c'),
    };
    expect(rows.every(({ row }) => !row.includes(world.twinLogin.password))).toBe(true);
    expect(await context.admin.post(`/v1/connectors/${campaign.connectorId}/check`)).toMatchObject({
      ok: true,
    });
    const wrong = await context.admin.post<{ id: string }>('/v1/connectors', {
      plugin: 'adobe-campaign-classic',
      name: 'Wrong',
      settings: { url: world.twin.url, login: 'percorso', password: 'not the password' },
    });
    expect(await context.admin.post(`/v1/connectors/${wrong.id}/check`)).toMatchObject({
      ok: false,
      code: 'bad-credentials',
    });
  });

  it('sync: every member gets a verdict, and the receiving sides hold exactly the accepted', async () => {
    await world.sink.inject({ kind: 'hardBounce', recipient: '@bounce\\.example$' });
    for (const sync of [campaign, smtp]) {
      const { state, counts } = await runSync(context, sync);
      expect(state).toBe('done');
      const { planned, accepted, rejected, suppressed, dropped, ...open } = counts;
      expect(open).toEqual({ pending: 0, sending: 0, unknown: 0, superseded: 0 });
      expect(accepted + rejected + suppressed + dropped).toBe(planned);
      expect(accepted).toBeGreaterThan(0);
    }
    const [{ accepted = -1 } = {}] = await world.sql<{ accepted: number }>(
      `SELECT count(*)::int AS accepted FROM percorso.effect WHERE sync_id = $1 AND state = 'accepted'`,
      [campaign.id],
    );
    const journal = await world.twin.journal();
    expect(journal.map(({ effect }) => effect)).toEqual(Array(accepted).fill('inserted'));
    const messages = await world.sink.journal();
    expect(new Set(messages.map(({ messageId }) => messageId)).size).toBe(messages.length);
    expect(messages.every(({ to }) => !String(to).includes('@bounce.example'))).toBe(true);
  });

  it('change: only the deltas go out, exits included', async () => {
    const { key } = await context.admin.post<{ key: string }>('/v1/api-keys', {
      name: 'tool',
      scopes: ['audiences:read'],
    });
    puller = new Puller(`${context.hubUrl}/v1/audiences/${vips.id}`, key, 7);
    await puller.pull();
    const watch = new Puller(`${context.hubUrl}/v1/audiences/${vips.id}`, key, 500);
    await watch.pull();
    expect(puller.members.size).toBe((await userIdsOf(vips)).length);
    const before = (await world.twin.journal()).length;
    await ingest(context, change(context, new Set(await userIdsOf(vips))));
    expect(await evaluate(context, vips)).toMatchObject({ drift: 0 });
    const { entered, exited } = await watch.changes();
    expect(entered).toBeGreaterThan(0);
    expect(exited).toBeGreaterThan(0);
    const { counts } = await runSync(context, campaign);
    expect(counts.planned).toBe(entered + exited);
    const sent = (await world.twin.journal()).slice(before);
    expect(sent).toHaveLength(counts.accepted);
    // A member without an address was dropped when entering, so there is nothing to take back.
    const [{ never = -1 } = {}] = await world.sql<{ never: number }>(
      `SELECT count(*)::int AS never FROM percorso.effect WHERE sync_id = $1 AND reason_code = 'never-entered'`,
      [campaign.id],
    );
    expect(sent.filter(({ attributes }) => attributes.cusLoyaltyTier === 'none')).toHaveLength(
      exited - never,
    );
    changed = entered + exited;
    expect((await runSync(context, campaign)).counts.planned).toBe(0);
  });

  it('pulled: the external tool holds the same set after reading only the changes', async () => {
    const rows = await puller.pull();
    const members = await world.sql<{ id: string }>(
      `SELECT p.id FROM percorso.membership m JOIN percorso.profile p USING (workspace_id, person) WHERE m.audience_id = $1 AND m.member`,
      [vips.id],
    );
    expect([...puller.members].sort()).toEqual(members.map(({ id }) => id).sort());
    expect(rows).toBe(changed);
    const readOnly = new HubApi(context.hubUrl, puller.key);
    await expect(
      readOnly.post('/v1/audiences', { name: 'x', definition: lapsingVips }),
    ).rejects.toMatchObject({ status: 403 });
    await expect(readOnly.get(`/v1/profiles?namespace=email&value=x`)).rejects.toMatchObject({ status: 403 });
  });
});
