import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  all,
  type Audience,
  type Check,
  checkIngest,
  connectCampaign,
  connectSmtp,
  createAudience,
  evaluate,
  ingest,
  type IngestStatus,
  lapsingVips,
  makeTraffic,
  newBuyers,
  poll,
  proof,
  Puller,
  type Reconciliation,
  runSync,
  type StoryContext,
  type Sync,
  type Traffic,
} from '@percorso/demo';
import { startCampaignClassicTwin, startSmtpSink } from '@percorso/plugin-testkit';
import { World } from './world';

type JournalLine = Record<string, unknown>;

/** Counts kept by parties that do not know of each other must agree, and a false one must show. */
describe('proof', () => {
  let world: World;
  let context: StoryContext;
  let traffic: Traffic;
  let status: IngestStatus;
  let vips: Audience;
  let buyers: Audience;
  let campaign: Sync;
  let smtp: Sync;
  let puller: Puller;

  beforeAll(async () => {
    world = await World.start();
    context = await world.workspace(500);
    traffic = makeTraffic(context.customers, context.seed, context.now);
    status = await ingest(context, traffic.calls);
    vips = await createAudience(context, 'Lapsing VIPs', lapsingVips);
    buyers = await createAudience(context, 'New buyers', newBuyers);
    for (const audience of [vips, buyers]) await evaluate(context, audience);
    campaign = await connectCampaign(context, vips);
    smtp = await connectSmtp(context, buyers);
    const { key } = await context.admin.post<{ key: string }>('/v1/api-keys', {
      name: 'tool',
      scopes: ['audiences:read'],
    });
    puller = new Puller(`${context.hubUrl}/v1/audiences/${vips.id}`, key);
    await puller.pull();
  });

  afterAll(() => world?.stop());

  const prove = (changed: Partial<{ context: StoryContext; puller: Puller }> = {}): Promise<Check[]> =>
    proof(changed.context ?? context, { vips, buyers, campaign, smtp, puller: changed.puller ?? puller });

  const failing = (checks: readonly Check[]): string[] =>
    checks.filter(({ ok }) => !ok).map(({ name }) => name);

  const reconciliation = (sync: Sync): Promise<Reconciliation> =>
    context.admin.get(`/v1/syncs/${sync.id}/reconciliation`);

  const total = ({ accepted, rejected, suppressed, dropped, pending, unknown }: Reconciliation): number =>
    accepted + rejected + suppressed + dropped + pending + unknown;

  const personsOf = (audience: Audience): Promise<{ person: number }[]> =>
    world.sql('SELECT person FROM percorso.membership WHERE audience_id = $1 AND member', [audience.id]);

  const addressesOf = async (audience: Audience): Promise<string[]> => {
    const rows = await world.sql<{ value: string }>(
      `SELECT n.value FROM percorso.membership m
       JOIN percorso.identity_node n ON n.workspace_id = m.workspace_id AND n.person = m.person
       WHERE m.audience_id = $1 AND m.member AND n.namespace = 'email' ORDER BY 1`,
      [audience.id],
    );
    return rows.map(({ value }) => value);
  };

  it('in = accepted + duplicate + quarantined, and each quarantined item says why and where', async () => {
    expect(status.head).toBe(traffic.calls.length);
    expect(status).toMatchObject({
      accepted: traffic.unique,
      duplicates: traffic.duplicates,
      quarantined: traffic.bad,
    });
    expect(status.accepted + status.duplicates + status.quarantined).toBe(status.head);
    expect(traffic.bad).toBeGreaterThan(0);
    expect(failing(await checkIngest(context, traffic, status))).toEqual([]);
    const listed = await all<{ reason: string; pointer: string; messageId: string }>(
      context.admin,
      '/v1/quarantine?limit=100',
    );
    const kept = await world.sql<{ messageId: string }>(
      'SELECT message_id AS "messageId" FROM percorso.quarantine WHERE workspace_id = $1',
      [context.workspaceId],
    );
    const broken = traffic.calls.map(({ messageId }) => messageId).filter((id) => id.startsWith('bad-'));
    expect(listed.map(({ messageId }) => messageId).sort()).toEqual(broken.sort());
    expect(kept.map(({ messageId }) => messageId).sort()).toEqual(broken);
    for (const { reason, pointer } of listed) {
      expect(reason).toMatch(/\w/);
      expect(pointer).toMatch(/^\/\w/);
    }
    expect(
      failing(await checkIngest(context, traffic, { ...status, accepted: status.accepted - 1 })),
    ).toEqual(['in: accepted + duplicates + quarantined', 'accepted = unique calls sent']);
  });

  it('members = accepted + rejected + suppressed + dropped + pending + unknown, at every moment of a sync', async () => {
    // A receiving side of its own: what it is made to do must not reach the others.
    const sink = await startSmtpSink({ journal: join(world.folder, 'trouble.ndjson') });
    try {
      const [suppressed = '', lost = '', late = ''] = (await addressesOf(buyers)).filter((address) =>
        address.endsWith('@shop.example'),
      );
      await context.admin.post('/v1/suppressions', {
        channel: 'email',
        address: suppressed,
        reason: 'manual',
      });
      await sink.inject({ kind: 'hardBounce', recipient: '@bounce\\.example$' });
      await sink.inject({ kind: 'acceptThenDrop', recipient: `^${lost.replaceAll('.', '\\.')}$`, count: 1 });
      // One is taken only when it is tried again, so that there is a moment at which all others are settled.
      await sink.inject({ kind: 'greylist', recipient: `^${late.replaceAll('.', '\\.')}$`, count: 1 });
      const trouble = await connectSmtp({ ...context, sink }, buyers);
      await context.admin.post(`/v1/syncs/${trouble.id}/run`);
      const pending = new Set<number>();
      const last = await poll(
        async () => {
          const ledger = await reconciliation(trouble);
          expect(total(ledger)).toBe(ledger.members);
          expect(ledger.balanced).toBe(true);
          pending.add(ledger.pending);
          return ledger;
        },
        (ledger) => ledger.pending === 0 && ledger.unknown === 1,
        { what: 'the sync to come to rest', everyMs: 20 },
      );
      expect(pending.size).toBeGreaterThan(2);
      expect(last.members).toBe((await personsOf(buyers)).length);
      for (const kind of ['accepted', 'rejected', 'suppressed', 'dropped', 'unknown'] as const)
        expect([kind, last[kind]]).not.toEqual([kind, 0]);
      const received = (await sink.journal()).map(({ envelope }) => envelope.to.join());
      expect(received).toHaveLength(last.accepted + last.unknown);
      expect(received).not.toContain(suppressed);
      expect(received.filter((address) => address === lost)).toHaveLength(1);
    } finally {
      await sink.stop();
    }
  });

  it('ledger, receiving sides, PostgreSQL and the puller agree', async () => {
    for (const sync of [campaign, smtp]) expect((await runSync(context, sync)).state).toBe('done');
    const checks = await prove();
    expect(failing(checks)).toEqual([]);
    expect(checks.length).toBeGreaterThan(15);
  });

  describe('a record that is not true is caught', () => {
    const CAMPAIGN = 'campaign.ndjson';
    const MAIL = 'mail.ndjson';

    const linesOf = (file: string): JournalLine[] =>
      readFileSync(join(world.folder, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as JournalLine);

    /** The checks that fail once the receiving sides have started from records changed on disk. */
    const failingWith = async (
      file: string,
      tamper: (lines: JournalLine[]) => JournalLine[],
    ): Promise<string[]> => {
      const journal = join(world.folder, `tampered-${file}`);
      writeFileSync(
        journal,
        tamper(linesOf(file))
          // Each line a unit of its own, or the one after a gap would be taken for unfinished.
          .map((line) => `${JSON.stringify({ ...line, row: 0, rows: 1 })}\n`)
          .join(''),
      );
      if (file === MAIL) {
        const sink = await startSmtpSink({ journal });
        return failing(await prove({ context: { ...context, sink } }).finally(() => sink.stop()));
      }
      const twin = await startCampaignClassicTwin({ journal, ...world.twinLogin });
      return failing(await prove({ context: { ...context, twin } }).finally(() => twin.stop()));
    };

    const JOURNAL_COUNT = 'Campaign: rows in its own journal = effects accepted';
    const JOURNAL_SHARED = 'Campaign: rows that only one of journal and ledger has';
    const JOURNAL_TIERS = 'Campaign: recipients it holds as lapsing VIPs = members accepted';

    it('an unchanged copy passes', async () => {
      expect(await failingWith(CAMPAIGN, (lines) => lines)).toEqual([]);
      expect(await failingWith(MAIL, (lines) => lines)).toEqual([]);
    });

    it('one row removed from Campaign’s record', async () => {
      expect(await failingWith(CAMPAIGN, ([, ...rest]) => rest)).toEqual([
        JOURNAL_COUNT,
        JOURNAL_SHARED,
        JOURNAL_TIERS,
      ]);
    });

    it('one row of Campaign’s record turned into another', async () => {
      const swap = ([first, second, ...rest]: JournalLine[]): JournalLine[] => [
        { ...first!, key: { email: 'nobody@shop.example' } },
        second!,
        ...rest,
      ];
      expect(await failingWith(CAMPAIGN, swap)).toContain(JOURNAL_SHARED);
    });

    it('one mail removed, and one received twice', async () => {
      expect(await failingWith(MAIL, ([, ...rest]) => rest)).toEqual([
        'SMTP: messages in its own journal = effects accepted',
        'SMTP: messages that only one of journal and ledger has',
      ]);
      expect(await failingWith(MAIL, (lines) => [...lines, lines[0]!])).toEqual([
        'SMTP: messages in its own journal = effects accepted',
        'SMTP: messages that only one of journal and ledger has',
        'SMTP: messages received twice',
      ]);
    });

    it('a member the puller lost, and one it made up', async () => {
      const [lost = ''] = puller.members;
      puller.members.delete(lost);
      puller.members.add('made-up');
      expect(failing(await prove())).toEqual(['Lapsing VIPs: members the puller lacks']);
      puller.members.delete('made-up');
      expect(failing(await prove())).toEqual([
        'Lapsing VIPs: members the puller holds',
        'Lapsing VIPs: members the puller lacks',
      ]);
      puller.members.add(lost);
    });

    it('an effect the ledger lost', async () => {
      await world.sql(
        `DELETE FROM percorso.effect WHERE (workspace_id, id) IN
         (SELECT workspace_id, id FROM percorso.effect WHERE sync_id = $1 AND state = 'accepted' LIMIT 1)`,
        [campaign.id],
      );
      expect(failing(await prove())).toEqual([
        'Lapsing VIPs: pending',
        JOURNAL_COUNT,
        JOURNAL_SHARED,
        JOURNAL_TIERS,
      ]);
    });
  });
});
