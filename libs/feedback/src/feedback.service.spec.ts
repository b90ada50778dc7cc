import { ConnectorRuntime } from '@percorso/connector';
import { IngestWriter } from '@percorso/ingest';
import { newId } from '@percorso/kernel';
import type { MessageEvent } from '@percorso/plugin-kit';
import { FeedbackWorld } from './testing/feedback-world';
import type { FeedbackWorkspace } from './testing/feedback-workspace';

const AT = '2026-11-01T10:00:00.000Z';
const ADA = 'ada@example.org';
const fact = (id: string, more: Partial<MessageEvent> = {}): MessageEvent => ({
  id,
  type: 'delivered',
  channel: 'email',
  address: ADA,
  at: AT,
  ...more,
});
const bounce = (id: string, kind: 'hard' | 'soft', address = ADA): MessageEvent =>
  fact(id, { type: 'bounced', bounce: kind, address });

describe('feedback', () => {
  let world: FeedbackWorld;
  let workspace: FeedbackWorkspace;
  let connector: string;

  beforeAll(async () => {
    world = await FeedbackWorld.start();
  }, 120_000);
  afterAll(() => world?.stop());

  beforeEach(async () => {
    workspace = await world.workspace();
    connector = await workspace.connector();
    await workspace.person('ada', ADA);
  });
  afterEach(() => jest.restoreAllMocks());

  const names = async (userId = 'ada'): Promise<string[]> =>
    (await workspace.eventsOf('user_id', userId)).map(({ name }) => name);

  describe('what a provider posts back', () => {
    it('is an event of the profile, with what happened and when', async () => {
      const { status, body } = await workspace.report(
        connector,
        fact('f1', { type: 'bounced', bounce: 'soft', reason: 'mailbox full', providerId: 'm1' }),
      );
      expect([status, body]).toEqual([200, { events: 1, unmatched: 0 }]);
      expect(await workspace.eventsOf('user_id', 'ada')).toEqual([
        expect.objectContaining({
          name: 'Email Bounced',
          occurredAt: AT,
          source: connector,
          properties: {
            channel: 'email',
            connector_id: connector,
            provider_id: 'm1',
            bounce: 'soft',
            reason: 'mailbox full',
          },
        }),
      ]);
    });

    it('counts once per id of the provider, in one receipt and in the next', async () => {
      await workspace.report(connector, fact('f1'), fact('f1'), fact('f2', { type: 'opened' }));
      await workspace.report(connector, fact('f1'), fact('f3', { type: 'clicked' }));
      expect((await names()).sort()).toEqual(['Email Delivered', 'Email Link Clicked', 'Email Opened']);
    });

    it('counts once per connector: another provider may use the same id', async () => {
      const other = await workspace.connector();
      await workspace.report(connector, fact('f1'));
      await workspace.report(other, fact('f1'));
      expect(await names()).toEqual(['Email Delivered', 'Email Delivered']);
    });

    it('is told apart by ids however long they are', async () => {
      const long = 'message-'.repeat(40);
      await workspace.report(connector, fact(`${long}-1`), fact(`${long}-2`), fact(`${long}-1`));
      expect(await names()).toEqual(['Email Delivered', 'Email Delivered']);
    });

    it('about nobody the hub knows is counted and stored nowhere', async () => {
      const stranger = { address: 'nobody@example.org', providerId: 'never-sent', effectKey: 'no-such-key' };
      const { body } = await workspace.report(connector, fact('f1', stranger), fact('f2'));
      expect(body).toEqual({ events: 1, unmatched: 1 });
      expect(await names()).toEqual(['Email Delivered']);
      const { body: found } = await workspace.call(
        'GET',
        '/v1/profiles?namespace=email&value=nobody@example.org',
      );
      expect(found.data).toEqual([]);
    });

    it('that makes no sense hurts none of its neighbours', async () => {
      const nonsense = [
        { id: 'n1' },
        { ...fact('n2'), type: 'exploded' as never },
        { ...fact('n3'), at: '?' },
      ];
      const { status, body } = await workspace.report(connector, ...nonsense, fact('f1'));
      expect([status, body]).toEqual([200, { events: 1, unmatched: 0 }]);
    });

    it('as an unsubscribe denies consent on the channel', async () => {
      await workspace.report(connector, fact('f1', { type: 'unsubscribed', at: new Date().toISOString() }));
      expect(await names()).toEqual(['Unsubscribed']);
      expect((await workspace.profile('user_id', 'ada')).consent).toMatchObject({
        email: { '*': 'denied' },
      });
    });
  });

  describe('suppression', () => {
    it('follows a hard bounce and a complaint, not a soft bounce', async () => {
      await workspace.person('bob', 'bob@example.org');
      await workspace.person('eve', 'eve@example.org');
      await workspace.report(
        connector,
        bounce('f1', 'hard', 'Ada@Example.org'),
        bounce('f2', 'soft', 'bob@example.org'),
        fact('f3', { type: 'complained', address: 'eve@example.org' }),
        fact('f4', { address: 'bob@example.org' }),
      );
      expect(await workspace.suppressed()).toEqual([
        ['email', ADA, 'hard-bounce'],
        ['email', 'eve@example.org', 'complaint'],
      ]);
    });

    it('holds for an address that no profile has', async () => {
      const { body } = await workspace.report(connector, bounce('f1', 'hard', 'nobody@example.org'));
      expect(body).toEqual({ events: 0, unmatched: 1 });
      expect(await workspace.suppressed()).toEqual([['email', 'nobody@example.org', 'hard-bounce']]);
    });

    it('keeps its first reason, and its own channel', async () => {
      await workspace.report(connector, bounce('f1', 'hard'));
      await workspace.report(
        connector,
        fact('f2', { type: 'complained' }),
        fact('f3', { type: 'complained', channel: 'sms', address: '+39 02 1234567' }),
      );
      expect(await workspace.suppressed()).toEqual([
        ['email', ADA, 'hard-bounce'],
        ['sms', '+39021234567', 'complaint'],
      ]);
    });

    it('is another workspace’s business', async () => {
      await workspace.report(connector, bounce('f1', 'hard'));
      expect(await (await world.workspace()).suppressed()).toEqual([]);
    });
  });

  describe('asking a provider', () => {
    let campaign: string;
    /** The twin's logs outlive a workspace, so each test has an address of its own. */
    let address: string;

    beforeEach(async () => {
      address = `dora@${workspace.id}.example`;
      await workspace.person('dora', address);
      campaign = await workspace.connector('adobe-campaign-classic', world.campaign());
      const recipient = { key: newId(), payload: { email: address } };
      const runtime = world.app.get(ConnectorRuntime);
      await runtime.deliver(workspace.id, campaign, 'upsert', [recipient], { deadlineMs: 10_000 });
      await ask();
    });

    async function ask() {
      const reply = await workspace.call('POST', `/v1/connectors/${campaign}/feedback`);
      await workspace.applied();
      return reply;
    }

    const logs = (): Promise<unknown> =>
      world.twin.addDeliveryLogs([
        { email: address, status: 'sent' },
        { email: address, status: 'failed', failureReason: 1, failureType: 2, text: 'User unknown' },
      ]);

    it('goes on where it stopped', async () => {
      await logs();
      expect((await ask()).body).toEqual({ events: 2, unmatched: 0 });
      expect((await ask()).body).toEqual({ events: 0, unmatched: 0 });
      expect((await names('dora')).sort()).toEqual(['Email Bounced', 'Email Sent']);
      expect(await workspace.suppressed()).toEqual([['email', address, 'hard-bounce']]);
    });

    it('loses nothing when the events could not be stored', async () => {
      await logs();
      jest.spyOn(world.app.get(IngestWriter), 'accept').mockRejectedValueOnce(new Error('disk full'));
      expect((await ask()).status).toBe(500);
      expect(await names('dora')).toEqual([]);
      expect((await ask()).body).toEqual({ events: 2, unmatched: 0 });
      expect((await names('dora')).sort()).toEqual(['Email Bounced', 'Email Sent']);
    });

    it('repeats nothing when the hub dies before it notes how far it read', async () => {
      const before = await cursor();
      await logs();
      await ask();
      await world.database.tx(workspace.id, (tx) =>
        tx.query('UPDATE feedback_cursor SET cursor = $3 WHERE workspace_id = $1 AND connector_id = $2', [
          workspace.id,
          campaign,
          JSON.stringify(before),
        ]),
      );
      expect((await ask()).body).toEqual({ events: 2, unmatched: 0 });
      expect((await names('dora')).sort()).toEqual(['Email Bounced', 'Email Sent']);
    });

    async function cursor(): Promise<unknown> {
      const { rows } = await world.database.tx(workspace.id, (tx) =>
        tx.query<{ cursor: unknown }>('SELECT cursor FROM feedback_cursor WHERE workspace_id = $1', [
          workspace.id,
        ]),
      );
      return rows[0]!.cursor;
    }
  });

  it('refuses a connector that is not there, and one that cannot do what is asked', async () => {
    const campaign = await workspace.connector('adobe-campaign-classic', world.campaign());
    const elsewhere = await (await world.workspace()).connector();
    const answers = [
      await workspace.report(newId(), fact('f1')),
      await workspace.report('no-id', fact('f1')),
      await workspace.report(elsewhere, fact('f1')),
      await workspace.report(campaign, fact('f1')),
      await workspace.call('POST', `/v1/connectors/${connector}/feedback`),
    ];
    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'not-found'],
      [404, 'not-found'],
      [404, 'not-found'],
      [422, 'unsupported-operation'],
      [422, 'unsupported-operation'],
    ]);
  });
});
