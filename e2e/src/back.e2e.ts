import {
  all,
  type Audience,
  type Call,
  connectCampaign,
  connectSmtp,
  createAudience,
  evaluate,
  ingest,
  type IngestStatus,
  poll,
  runSync,
  settled,
  type StoryContext,
  type Sync,
} from '@percorso/demo';
import { World } from './world';

interface TimelineEvent {
  name: string;
  source: string;
  occurredAt: string;
  properties: Record<string, unknown>;
}

interface FeedbackAnswer {
  events: number;
  unmatched: number;
}

const NAMES = ['ada', 'ben', 'cleo', 'dora', 'emil'] as const;
const addressOf = (name: string): string => `${name}@shop.example`;

/** The way back: what receiving sides report becomes part of the profile, and of what is sent next. */
describe('back from the providers', () => {
  let world: World;
  let context: StoryContext;
  let club: Audience;
  let campaign: Sync;
  let mail: Sync;
  let calls = 0;

  beforeAll(async () => {
    world = await World.start();
    context = await world.workspace(0);
    await ingest(
      context,
      NAMES.map((name) => inClub(name, true)),
    );
    club = await createAudience(context, 'Club', {
      version: 1,
      where: { trait: { path: 'club', op: 'eq', value: true } },
    });
    await evaluate(context, club);
    campaign = await connectCampaign(context, club);
    mail = await connectSmtp(context, club);
    for (const sync of [campaign, mail]) {
      const { counts } = await runSync(context, sync);
      expect(counts).toMatchObject({ planned: NAMES.length, accepted: NAMES.length });
    }
  });

  afterAll(() => world?.stop());

  const inClub = (name: string, club: boolean): Call => ({
    type: 'identify',
    messageId: `club-${++calls}`,
    timestamp: new Date(),
    userId: name,
    traits: { email: addressOf(name), firstName: name, lastName: 'Test', club },
    context: { consent: { categoryPreferences: { email: true } } },
  });

  const profileIdOf = async (name: string): Promise<string> => {
    const params = { namespace: 'user_id', value: name };
    const { data } = await context.admin.get<{ data: { id: string }[] }>('/v1/profiles', { params });
    return data[0]?.id ?? '';
  };

  const mailEventsOf = async (name: string): Promise<TimelineEvent[]> => {
    const path = `/v1/profiles/${await profileIdOf(name)}/events?limit=100`;
    const events = await all<TimelineEvent>(context.admin, path);
    return events.filter((event) => event.name.startsWith('Email '));
  };

  const receive = (body: string): Promise<FeedbackAnswer> =>
    context.admin.post(`/v1/connectors/${mail.connectorId}/receipts`, { body });

  const suppressions = async (): Promise<Record<string, string>> => {
    const rows = await all<{ address: string; reason: string }>(context.admin, '/v1/suppressions?limit=100');
    return Object.fromEntries(rows.map(({ address, reason }) => [address, reason]));
  };

  const untilApplied = async (): Promise<IngestStatus> => {
    const { head } = await context.admin.get<IngestStatus>('/v1/ingest');
    return settled(context, head);
  };

  it('a bounce mailed back becomes an event of the profile, once', async () => {
    const { raw, messageId } = await world.sink.bounce({
      recipient: addressOf('ada'),
      status: '5.1.1',
      diagnostic: '550 5.1.1 No such user',
    });
    expect(await receive(raw)).toEqual({ events: 1, unmatched: 0 });
    await untilApplied();
    expect(await mailEventsOf('ada')).toEqual([
      expect.objectContaining({
        name: 'Email Bounced',
        source: mail.connectorId,
        properties: expect.objectContaining({
          channel: 'email',
          connector_id: mail.connectorId,
          provider_id: messageId,
          bounce: 'hard',
          reason: expect.stringContaining('5.1.1'),
        }),
      }),
    ]);
    await receive(raw);
    const { duplicates } = await untilApplied();
    expect(duplicates).toBe(1);
    expect(await mailEventsOf('ada')).toHaveLength(1);
  });

  it('a soft bounce is told and suppresses nobody; a stranger’s bounce belongs to no profile', async () => {
    const soft = await world.sink.bounce({ recipient: addressOf('ben'), status: '4.2.2' });
    expect(await receive(soft.raw)).toEqual({ events: 1, unmatched: 0 });
    await untilApplied();
    expect((await mailEventsOf('ben')).map(({ properties }) => properties.bounce)).toEqual(['soft']);
    const stranger = soft.raw.replaceAll(addressOf('ben'), 'stranger@elsewhere.example');
    const answer = await receive(stranger.replace(/^Message-ID:.*$/gim, 'Message-ID: <unknown@elsewhere>'));
    expect(answer).toEqual({ events: 0, unmatched: 1 });
    expect(await suppressions()).toEqual({ [addressOf('ada')]: 'hard-bounce' });
  });

  it('Campaign’s delivery log becomes events of the profiles', async () => {
    const eventDate = new Date(Date.now() - 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
    await world.twin.addDeliveryLogs([
      { email: addressOf('cleo'), status: 'sent', deliveryLabel: 'Win back', eventDate },
      { email: addressOf('dora'), status: 'failed', failureType: 2, failureReason: 1, text: 'User unknown' },
      { email: addressOf('emil'), status: 'failed', failureType: 1, failureReason: 5, text: 'Mailbox full' },
    ]);
    await context.admin.post(`/v1/connectors/${campaign.connectorId}/feedback`);
    const first = async (name: string): Promise<TimelineEvent | undefined> =>
      (
        await poll(
          () => mailEventsOf(name),
          (events) => events.length > 0,
          { what: `${name}'s event` },
        )
      )[0];
    expect(await first('cleo')).toMatchObject({
      name: 'Email Sent',
      source: campaign.connectorId,
      properties: { channel: 'email', connector_id: campaign.connectorId },
    });
    expect(new Date((await first('cleo'))!.occurredAt)).toEqual(new Date(eventDate));
    expect(await first('dora')).toMatchObject({ name: 'Email Bounced', properties: { bounce: 'hard' } });
    expect(await first('emil')).toMatchObject({ name: 'Email Bounced', properties: { bounce: 'soft' } });
    await context.admin.post(`/v1/connectors/${campaign.connectorId}/feedback`);
    await untilApplied();
    for (const name of ['cleo', 'dora', 'emil']) expect(await mailEventsOf(name)).toHaveLength(1);
    expect(await suppressions()).toEqual({
      [addressOf('ada')]: 'hard-bounce',
      [addressOf('dora')]: 'hard-bounce',
    });
  });

  it('what came back selects an audience like any other event', async () => {
    const bounced = await createAudience(context, 'Bounced', {
      version: 1,
      where: {
        event: { name: 'Email Bounced', within: { last: '1d' }, measure: 'count', op: 'gte', value: 1 },
      },
    });
    await untilApplied();
    expect((await evaluate(context, bounced)).members).toBe(4);
  });

  it('the next sync sends nothing to a hard-bounced address, and counts it as suppressed', async () => {
    const before = (await world.sink.journal()).length;
    for (const member of [false, true]) {
      await ingest(
        context,
        NAMES.map((name) => inClub(name, member)),
      );
      await evaluate(context, club);
    }
    const { id, counts } = await runSync(context, mail);
    expect(counts).toMatchObject({
      planned: 5,
      accepted: 3,
      suppressed: 2,
      rejected: 0,
      dropped: 0,
      unknown: 0,
    });
    const sent = (await world.sink.journal()).slice(before).flatMap(({ envelope }) => envelope.to);
    expect(sent.sort()).toEqual(['ben', 'cleo', 'emil'].map(addressOf));
    expect(await context.admin.get(`/v1/syncs/${mail.id}/reconciliation`)).toMatchObject({
      members: 5,
      accepted: 3,
      suppressed: 2,
      balanced: true,
    });
    const rows = await world.sql<{ address: string; code: string }>(
      `SELECT address, reason_code AS code FROM percorso.effect WHERE run_id = $1 AND state = 'suppressed' ORDER BY 1`,
      [id],
    );
    expect(rows).toEqual(['ada', 'dora'].map((name) => ({ address: addressOf(name), code: 'hard-bounce' })));
  });
});
