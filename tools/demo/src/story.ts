import type { CampaignClassicTwin, SmtpSink } from '@percorso/plugin-testkit';
import { type Audience, createAudience, evaluate } from './audience-step';
import { change } from './change-step';
import { check, Check, StoryContext } from './context';
import { makeCustomers } from './customers';
import { feedback } from './feedback-step';
import { createJourney, simulate, tryOut } from './journey-step';
import { all, checkIngest, ingest, openWorkspace } from './ingest-step';
import { proof } from './proof';
import { Puller } from './puller';
import { lapsingVips, newBuyers } from './shop';
import { checkConnector, connectCampaign, connectSmtp, runSync } from './sync-step';
import { makeTraffic } from './traffic';

export interface StoryOptions {
  hubUrl: string;
  rootKey: string;
  databaseUrl: string;
  twin: CampaignClassicTwin;
  twinLogin: { login: string; password: string };
  sink: SmtpSink;
  /** @default 42 */
  seed?: number;
  /** @default 5000, which makes about 200,000 events */
  customers?: number;
  /** Told where the story is: a step's number and title. */
  onStep?: (step: number, title: string) => void;
  say?: (line: string) => void;
  /** Told when the first audience is in Campaign. */
  onFirstSync?: () => void;
}

export interface StoryResult {
  checks: Check[];
  context: StoryContext;
  audienceId: string;
  readOnlyKey: string;
}

/** The whole story, from the first event to the last count. */
export async function tellStory(options: StoryOptions): Promise<StoryResult> {
  const step = options.onStep ?? (() => undefined);
  const context = await openContext(options);
  const { admin } = context;
  const checks: Check[] = [];

  step(1, `In: ${context.customers.length.toLocaleString('en')} customers through the stock Segment client`);
  const traffic = makeTraffic(context.customers, context.seed, context.now);
  const status = await ingest(context, traffic.calls);
  checks.push(...(await checkIngest(context, traffic, status)));

  step(2, 'Profiles: identities resolved, anonymous history joined');
  const merges = await all<{ id: string }>(admin, '/v1/merges?limit=1000');
  context.say(`${merges.length} merges, each reversible`);
  checks.push(check('anonymous visitors joined persons', 'yes', merges.length > 0 ? 'yes' : 'no'));

  step(3, 'Audiences: computed as sets, then kept as events arrive');
  const vips = await createAudience(context, 'Lapsing VIPs', lapsingVips);
  const buyers = await createAudience(context, 'New buyers', newBuyers);
  for (const audience of [vips, buyers]) {
    const { members } = await evaluate(context, audience);
    checks.push(check(`${audience.name}: has members`, 'yes', members > 0 ? 'yes' : 'no'));
  }

  step(4, 'Connectors: Adobe Campaign Classic and SMTP');
  const campaign = await connectCampaign(context, vips);
  const smtp = await connectSmtp(context, buyers);
  await context.sink.inject({ kind: 'hardBounce', recipient: '@bounce\\.example$' });
  for (const sync of [campaign, smtp])
    checks.push(check(`${sync.name}: check`, 'ok', (await checkConnector(context, sync)) ? 'ok' : 'failed'));
  for (const sync of [campaign, smtp]) {
    checks.push(check(`${sync.name}: first run`, 'done', (await runSync(context, sync)).state));
    if (sync === campaign) options.onFirstSync?.();
  }
  const { key: readOnlyKey } = await admin.post<{ key: string }>('/v1/api-keys', {
    name: 'campaign tool',
    scopes: ['audiences:read'],
  });
  const puller = new Puller(`${context.hubUrl}/v1/audiences/${vips.id}`, readOnlyKey);
  context.say(`an external tool pulled ${await puller.pull()} members`);
  const watching = new Map<Audience, Puller>();
  for (const audience of [vips, buyers]) {
    const watch = new Puller(`${context.hubUrl}/v1/audiences/${audience.id}`, readOnlyKey);
    await watch.pull();
    watching.set(audience, watch);
  }

  step(5, 'Journey: first over what happened, then with those who try it');
  const cart = await createJourney(context, smtp.connectorId);
  checks.push(await simulate(context, cart, traffic.calls), ...(await tryOut(context, cart)));

  step(6, 'Change: more events, and only the deltas go out');
  const userIds = await memberUserIds(context, puller);
  const changes = change(context, userIds);
  await ingest(context, changes);
  for (const [audience, sync] of [
    [vips, campaign],
    [buyers, smtp],
  ] as const) {
    const { drift } = await evaluate(context, audience);
    checks.push(check(`${audience.name}: what came by events is what its set says`, 0, drift ?? 0));
    const { entered, exited } = await watching.get(audience)!.changes();
    context.say(`${audience.name}: ${entered} entered, ${exited} left, as the events came`);
    checks.push(check(`${audience.name}: someone entered`, 'yes', entered > 0 ? 'yes' : 'no'));
    if (audience === vips)
      checks.push(check(`${audience.name}: someone left`, 'yes', exited > 0 ? 'yes' : 'no'));
    const run = await runSync(context, sync);
    checks.push(
      check(
        `${sync.name}: only deltas planned`,
        audience === vips ? entered + exited : entered,
        run.counts.planned,
      ),
    );
  }

  step(7, 'Pulled: the external tool reads its changes');
  context.say(
    `the external tool pulled ${await puller.pull()} changes and holds ${puller.members.size} members`,
  );

  step(8, 'Back: bounces and delivery logs return as events');
  checks.push(...(await feedback(context, campaign, smtp)));

  step(9, 'Proof: independent counts held against each other');
  checks.push(...(await proof(context, { vips, buyers, campaign, smtp, puller })));
  return { checks, context, audienceId: vips.id, readOnlyKey };
}

export async function openContext(options: StoryOptions): Promise<StoryContext> {
  const { hubUrl, databaseUrl, twin, twinLogin, sink, seed = 42, customers = 5000 } = options;
  const now = new Date();
  return {
    hubUrl,
    databaseUrl,
    twin,
    twinLogin,
    sink,
    seed,
    now,
    customers: await makeCustomers(seed, customers, now),
    ...(await openWorkspace(hubUrl, options.rootKey)),
    say: options.say ?? (() => undefined),
  };
}

/** The shop's own ids of the audience's members, as the external tool would look them up. */
async function memberUserIds(context: StoryContext, puller: Puller): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const id of puller.members) {
    const profile = await context.admin.get<{ identities: { namespace: string; value: string }[] }>(
      `/v1/profiles/${id}`,
    );
    for (const { namespace, value } of profile.identities) if (namespace === 'user_id') ids.add(value);
  }
  return ids;
}
