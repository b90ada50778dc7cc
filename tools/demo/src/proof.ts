import { Client } from 'pg';
import { Audience } from './audience-step';
import { check, Check, StoryContext } from './context';
import { Puller } from './puller';
import { Sync } from './sync-step';

/** Where every member of a sync stands, as the hub's API gives it. */
export interface Reconciliation {
  members: number;
  accepted: number;
  rejected: number;
  suppressed: number;
  dropped: number;
  pending: number;
  unknown: number;
  balanced: boolean;
}

/** Held against each other: the hub's ledger, the receiving side's own record, PostgreSQL, and what the puller holds. */
export async function proof(
  context: StoryContext,
  {
    vips,
    buyers,
    campaign,
    smtp,
    puller,
  }: { vips: Audience; buyers: Audience; campaign: Sync; smtp: Sync; puller: Puller },
): Promise<Check[]> {
  const postgres = new Client({ connectionString: context.databaseUrl });
  await postgres.connect();
  try {
    return [
      ...(await audienceChecks(context, postgres, vips, campaign)),
      ...(await audienceChecks(context, postgres, buyers, smtp)),
      ...(await campaignChecks(context, postgres, campaign)),
      ...(await smtpChecks(context, postgres, smtp)),
      ...(await pullerChecks(context, postgres, vips, puller)),
    ];
  } finally {
    await postgres.end();
  }
}

async function audienceChecks(
  context: StoryContext,
  postgres: Client,
  audience: Audience,
  sync: Sync,
): Promise<Check[]> {
  const ledger = await context.admin.get<Reconciliation>(`/v1/syncs/${sync.id}/reconciliation`);
  const { accepted, rejected, suppressed, dropped, pending, unknown } = ledger;
  const members = await count(
    postgres,
    'SELECT count(*) FROM percorso.membership WHERE workspace_id = $1 AND audience_id = $2 AND member',
    [context.workspaceId, audience.id],
  );
  return [
    check(`${audience.name}: members, ledger = PostgreSQL`, members, ledger.members),
    check(
      `${audience.name}: members = accepted + rejected + suppressed + dropped + pending + unknown`,
      ledger.members,
      accepted + rejected + suppressed + dropped + pending + unknown,
    ),
    check(`${audience.name}: pending`, 0, pending),
    check(`${audience.name}: unknown`, 0, unknown),
  ];
}

async function campaignChecks(context: StoryContext, postgres: Client, sync: Sync): Promise<Check[]> {
  const ledger = await addressesAccepted(context, postgres, 'sync_id', sync.id, `payload->>'email'`);
  const journal = (await context.twin.journal()).filter((entry) => entry.schema === 'nms:recipient');
  const twice = journal.filter((entry) => entry.effect === 'unchanged').length;
  const tiers = (await context.twin.rows('nms:recipient')).filter(
    (row) => row.cusLoyaltyTier === 'lapsing-vip',
  ).length;
  const { accepted } = await context.admin.get<Reconciliation>(`/v1/syncs/${sync.id}/reconciliation`);
  return [
    check('Campaign: rows in its own journal = effects accepted', ledger.length, journal.length),
    check(
      'Campaign: rows that only one of journal and ledger has',
      0,
      apart(
        ledger,
        journal.map(({ key }) => String(key.email)),
      ),
    ),
    check('Campaign: rows received twice', 0, twice),
    check('Campaign: recipients it holds as lapsing VIPs = members accepted', accepted, tiers),
  ];
}

/** Of the sync and of the journey, which send through one connector. */
async function smtpChecks(context: StoryContext, postgres: Client, sync: Sync): Promise<Check[]> {
  const ledger = await addressesAccepted(context, postgres, 'connector_id', sync.connectorId, 'address');
  const messages = await context.sink.journal();
  return [
    check('SMTP: messages in its own journal = effects accepted', ledger.length, messages.length),
    check(
      'SMTP: messages that only one of journal and ledger has',
      0,
      apart(
        ledger,
        messages.map(({ envelope }) => envelope.to.join()),
      ),
    ),
    check(
      'SMTP: messages received twice',
      0,
      messages.length - new Set(messages.map(({ messageId }) => messageId)).size,
    ),
  ];
}

async function pullerChecks(
  context: StoryContext,
  postgres: Client,
  audience: Audience,
  puller: Puller,
): Promise<Check[]> {
  const { rows } = await postgres.query<{ id: string }>(
    `SELECT p.id FROM percorso.membership m JOIN percorso.profile p USING (workspace_id, person)
     WHERE m.workspace_id = $1 AND m.audience_id = $2 AND m.member`,
    [context.workspaceId, audience.id],
  );
  const missing = rows.filter(({ id }) => !puller.members.has(id)).length;
  return [
    check(`${audience.name}: members the puller holds`, rows.length, puller.members.size),
    check(`${audience.name}: members the puller lacks`, 0, missing),
  ];
}

/** Whom each accepted effect went to, a name for every effect. */
async function addressesAccepted(
  context: StoryContext,
  postgres: Client,
  through: 'sync_id' | 'connector_id',
  id: string,
  address: string,
): Promise<string[]> {
  const { rows } = await postgres.query<{ address: string }>(
    `SELECT ${address} AS address FROM percorso.effect WHERE workspace_id = $1 AND ${through} = $2 AND state = 'accepted'`,
    [context.workspaceId, id],
  );
  return rows.map((row) => row.address);
}

/** How many entries the two lists do not share, repetitions counted. */
function apart(left: readonly string[], right: readonly string[]): number {
  const balance = new Map<string, number>();
  for (const one of left) balance.set(one, (balance.get(one) ?? 0) + 1);
  for (const one of right) balance.set(one, (balance.get(one) ?? 0) - 1);
  return [...balance.values()].reduce((sum, count) => sum + Math.abs(count), 0);
}

async function count(postgres: Client, sql: string, values: string[]): Promise<number> {
  const { rows } = await postgres.query<{ count: string }>(sql, values);
  return Number(rows[0]?.count);
}
