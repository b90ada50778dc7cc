import { createClient } from '@clickhouse/client';
import { Client } from 'pg';
import type {
  AttemptRow,
  AudienceEvidence,
  Balance,
  Evidence,
  LedgerRow,
  MessageEvidence,
  RecordEvidence,
} from './evidence';
import { expectedMembers, fateByMail, fateByPhone, type Fate, personOfUser } from './expected';
import type { Acknowledged } from './journal';
import type { Puller } from './pulling';
import type { Stage } from './stage';
import type { Struck } from './strikes';
import { evaluate, type Workspace } from './workspace';

/** A person's user id is what all sides know them by. */
const USER = `(SELECT n.value FROM percorso.identity_node n
  WHERE n.workspace_id = x.workspace_id AND n.person = x.person AND n.namespace = 'user_id' LIMIT 1)`;

/** Asks every side for what it has, past the hub where that is possible. */
export async function collect(
  stage: Stage,
  workspace: Workspace,
  acknowledged: readonly Acknowledged[],
  puller: Puller,
  struck: readonly Struck[],
): Promise<Evidence> {
  const calls = acknowledged.map(({ call }) => call);
  const expected = expectedMembers(calls);
  const postgres = new Client({ connectionString: stage.engines.databaseUrl });
  await postgres.connect();
  try {
    const sql = async <R extends object>(text: string, values: unknown[] = []): Promise<R[]> =>
      (await postgres.query<R>(text, [workspace.id, ...values])).rows;
    const audiences: AudienceEvidence[] = [];
    for (const name of ['vips', 'buyers'] as const)
      audiences.push(await ofAudience(sql, workspace, name, expected[name], puller));
    return {
      events: {
        acknowledged: calls.map(({ messageId }) => messageId),
        postgres: (
          await sql<{ id: string }>('SELECT message_id AS id FROM percorso.event WHERE workspace_id = $1')
        ).map(({ id }) => id),
        clickhouse: await inClickHouse(stage, workspace.id),
      },
      audiences,
      messages: [
        await ofMessages(sql, workspace, 'keyed', 'key', fatesOf(expected.buyers, fateByPhone), async () =>
          (await stage.twins.keyed.messages()).map(({ to, repeated }) => ({ address: to, repeated })),
        ),
        await ofMessages(sql, workspace, 'sms', 'none', fatesOf(expected.buyers, fateByPhone), async () =>
          (await stage.twins.sms.messages()).map(({ to }) => ({ address: to, repeated: false })),
        ),
        await ofMessages(sql, workspace, 'mail', 'none', fatesOf(expected.buyers, fateByMail), async () =>
          (await stage.twins.mail.messages()).map(({ envelope }) => ({
            address: envelope.to.join(),
            repeated: false,
          })),
        ),
      ],
      records: await ofRecords(
        sql,
        stage,
        workspace,
        fatesOf(expected.vips, ({ email }) => (email ? 'accepted' : 'dropped')),
      ),
      struck: [...struck],
      ownDeaths: [stage.api, ...stage.workers].flatMap(({ ownDeaths }) => ownDeaths),
    };
  } finally {
    await postgres.end();
  }
}

type Sql = <R extends object>(text: string, values?: unknown[]) => Promise<R[]>;

async function ofAudience(
  sql: Sql,
  { admin, audiences }: Workspace,
  name: 'vips' | 'buyers',
  expected: ReadonlySet<string>,
  puller: Puller,
): Promise<AudienceEvidence> {
  const id = audiences[name];
  const deltas = await sql<AudienceEvidence['deltas'][number]>(
    `SELECT ${USER} AS user, op, version::int AS version FROM percorso.membership_delta x
     WHERE workspace_id = $1 AND audience_id = $2 ORDER BY pos`,
    [id],
  );
  const members = await sql<{ user: string; profile: string }>(
    `SELECT ${USER} AS user, profile_id AS profile FROM percorso.membership x
     WHERE workspace_id = $1 AND audience_id = $2 AND member`,
    [id],
  );
  const users = new Map(members.map(({ user, profile }) => [profile, user]));
  const pulled = [...(await puller.members(name))].map((profile) => users.get(profile) ?? profile);
  const drift = (await evaluate(admin, id)) ?? 0;
  return { name, expected: [...expected], members: members.map(({ user }) => user), pulled, deltas, drift };
}

async function ofMessages(
  sql: Sql,
  { admin, syncs }: Workspace,
  target: 'keyed' | 'sms' | 'mail',
  certainty: 'key' | 'none',
  fates: Record<string, Fate>,
  journal: () => Promise<MessageEvidence['journal']>,
): Promise<MessageEvidence> {
  const { id } = syncs[target];
  const attempts = await sql<AttemptRow & { user: string; state: string }>(
    `SELECT a.effect_id AS effect, extract(epoch FROM a.started_at)::float8 * 1000 AS "from",
            extract(epoch FROM a.ended_at)::float8 * 1000 AS "to", a.outcome, a.code, x.state, ${USER} AS user
     FROM percorso.effect_attempt a JOIN percorso.effect x ON x.workspace_id = a.workspace_id AND x.id = a.effect_id
     WHERE a.workspace_id = $1 AND x.sync_id = $2`,
    [id],
  );
  return {
    target,
    certainty,
    balance: await admin.get<Balance>(`/v1/syncs/${id}/reconciliation`),
    fates,
    ledger: await ledgerOf(sql, id),
    unknown: attempts.filter(({ state, outcome }) => state === 'unknown' && outcome === 'unknown'),
    attempts,
    journal: await journal(),
  };
}

async function ofRecords(
  sql: Sql,
  { twins }: Stage,
  { admin, syncs }: Workspace,
  fates: Record<string, Fate>,
): Promise<RecordEvidence> {
  const { id } = syncs.campaign;
  const recipients = (await twins.campaign.journal()).filter(({ schema }) => schema === 'nms:recipient');
  return {
    target: 'campaign',
    balance: await admin.get<Balance>(`/v1/syncs/${id}/reconciliation`),
    fates,
    ledger: await ledgerOf(sql, id),
    journal: recipients.flatMap(({ key, effect }) =>
      effect === 'inserted' || effect === 'updated' || effect === 'deleted'
        ? [{ address: String(key.email), effect }]
        : [],
    ),
    held: (await twins.campaign.rows('nms:recipient')).map((row) => String(row.email)),
  };
}

/** Every effect of a sync, in the order of its person's versions; of who left untold there was nothing to remove. */
const ledgerOf = (sql: Sql, syncId: string): Promise<LedgerRow[]> =>
  sql<LedgerRow>(
    `SELECT ${USER} AS user, CASE reason_code WHEN 'never-entered' THEN 'remove' ELSE operation END AS operation, state,
       coalesce(address, payload ->> 'to', payload ->> 'email') AS address
     FROM percorso.effect x WHERE workspace_id = $1 AND sync_id = $2
     ORDER BY membership_version, revision`,
    [syncId],
  );

function fatesOf(
  users: ReadonlySet<string>,
  fate: (person: ReturnType<typeof personOfUser>) => Fate,
): Record<string, Fate> {
  return Object.fromEntries([...users].map((user) => [user, fate(personOfUser(user))]));
}

async function inClickHouse({ engines }: Stage, workspaceId: string): Promise<string[]> {
  const client = createClient({ url: engines.clickhouseUrl });
  try {
    const answer = await client.query({
      query: 'SELECT message_id AS id FROM percorso.event WHERE workspace_id = {workspace:UUID}',
      query_params: { workspace: workspaceId },
      format: 'JSONEachRow',
    });
    return (await answer.json<{ id: string }>()).map(({ id }) => id);
  } finally {
    await client.close();
  }
}
