import { all } from './ingest-step';
import { check, Check, StoryContext } from './context';
import { poll } from './hub-api';
import { Sync } from './sync-step';

interface ProfileRow {
  id: string;
}

interface EventRow {
  name: string;
}

interface Suppression {
  channel: string;
  address: string;
  reason: string;
}

/** Campaign writes its delivery logs, a mail server reports a bounce after the fact: both must come back as events. */
export async function feedback(context: StoryContext, campaign: Sync, smtp: Sync): Promise<Check[]> {
  const { admin, twin, sink, say } = context;
  const recipients = (await twin.rows('nms:recipient')).map((row) => String(row.email)).slice(0, 12);
  const [gone = '', ...reached] = recipients;
  await twin.addDeliveryLogs([
    ...reached.map((email) => ({ email, status: 'sent' as const, deliveryLabel: 'Win back' })),
    { email: gone, status: 'failed' as const, failureReason: 1, failureType: 2, deliveryLabel: 'Win back' },
  ]);
  await admin.post(`/v1/connectors/${campaign.connectorId}/feedback`);

  const late = (await sink.messages())[0]?.envelope.to[0] ?? '';
  const report = await sink.bounce({ recipient: late, status: '5.1.1', action: 'failed' });
  await admin.post(`/v1/connectors/${smtp.connectorId}/receipts`, {
    body: report.raw,
    contentType: 'message/rfc822',
  });

  const checks = [
    check(
      'Campaign: deliveries on profiles',
      reached.length,
      await countWith(context, reached, 'Email Sent'),
    ),
    check('Campaign: hard bounce on the profile', 1, await countWith(context, [gone], 'Email Bounced')),
    check('SMTP: later bounce on the profile', 1, await countWith(context, [late], 'Email Bounced')),
  ];
  const suppressed = new Set(
    (await all<Suppression>(admin, '/v1/suppressions?limit=1000')).map(({ address }) => address),
  );
  say(`${suppressed.size} addresses are suppressed`);
  checks.push(
    check(
      'hard-bounced addresses are suppressed',
      2,
      [gone, late].filter((address) => suppressed.has(address)).length,
    ),
  );
  return checks;
}

/** Of these addresses, how many belong to a profile that has an event of this name. */
async function countWith(
  { admin }: StoryContext,
  addresses: readonly string[],
  event: string,
): Promise<number> {
  let found = 0;
  for (const address of addresses) {
    const { data } = await admin.get<{ data: ProfileRow[] }>('/v1/profiles', {
      params: { namespace: 'email', value: address },
    });
    const id = data[0]?.id;
    if (!id) continue;
    const events = await poll(
      () => admin.get<{ data: EventRow[] }>(`/v1/profiles/${id}/events`, { params: { limit: 50 } }),
      (page) => page.data.some(({ name }) => name === event),
      { what: `"${event}" on a profile`, timeoutMs: 30_000 },
    );
    found += events.data.some(({ name }) => name === event) ? 1 : 0;
  }
  return found;
}
