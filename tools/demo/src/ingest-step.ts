import { newId } from '@percorso/kernel';
import { Call } from './behaviour';
import { check, Check, StoryContext } from './context';
import { HubApi, poll } from './hub-api';
import { send } from './send';
import { Traffic } from './traffic';

export interface IngestStatus {
  head: number;
  applied: number;
  loaded: number;
  accepted: number;
  duplicates: number;
  quarantined: number;
}

export interface QuarantinedItem {
  id: string;
  pos: number;
  code: string;
  reason: string;
  pointer: string;
}

/** A workspace of its own for every telling, with an admin key and a write key. */
export async function openWorkspace(
  hubUrl: string,
  rootKey: string,
): Promise<{ workspaceId: string; admin: HubApi; writeKey: string }> {
  const root = new HubApi(hubUrl, rootKey);
  const workspace = await root.post<{ id: string; adminKey: string }>('/v1/workspaces', {
    name: `Demo shop ${newId().slice(-6)}`,
    // The receiving sides of the story run on this machine.
    settings: { allowPrivateNetwork: true, unknownConsent: 'deny' },
  });
  const admin = new HubApi(hubUrl, workspace.adminKey);
  const { key } = await admin.post<{ key: string }>('/v1/write-keys', { name: 'shop' });
  return { workspaceId: workspace.id, admin, writeKey: key };
}

/** Send calls and wait until profiles and ClickHouse have them. */
export async function ingest(context: StoryContext, calls: readonly Call[]): Promise<IngestStatus> {
  const { admin, hubUrl, writeKey, say } = context;
  const before = await admin.get<IngestStatus>('/v1/ingest');
  const sent = await send(hubUrl, writeKey, calls, (count) =>
    say(`sent ${count.toLocaleString('en')} of ${calls.length.toLocaleString('en')} calls`),
  );
  say(`${sent.requests} requests, ${sent.failed} calls given up`);
  return settled(context, before.head + calls.length);
}

/** Wait until the log reaches `head` and everything in it is applied and loaded. */
export function settled(context: StoryContext, head: number): Promise<IngestStatus> {
  let told = 0;
  return poll(
    () => context.admin.get<IngestStatus>('/v1/ingest'),
    (status) => {
      if (Date.now() - told > 2000) {
        told = Date.now();
        context.say(`applied ${status.applied.toLocaleString('en')} of ${status.head.toLocaleString('en')}`);
      }
      return status.head >= head && status.applied === status.head && status.loaded === status.head;
    },
    { what: 'ingest', timeoutMs: 300_000 },
  );
}

/** in = accepted + duplicate + quarantined, held against what the sender knows it sent. */
export async function checkIngest(
  context: StoryContext,
  traffic: Traffic,
  status: IngestStatus,
): Promise<Check[]> {
  const items = await all<QuarantinedItem>(context.admin, '/v1/quarantine?limit=1000');
  for (const [reason, count] of tally(items)) context.say(`quarantined ${count} × ${reason}`);
  return [
    check(
      'in: accepted + duplicates + quarantined',
      status.head,
      status.accepted + status.duplicates + status.quarantined,
    ),
    check('accepted = unique calls sent', traffic.unique, status.accepted),
    check('duplicates = calls sent twice', traffic.duplicates, status.duplicates),
    check('quarantined = broken calls sent', traffic.bad, status.quarantined),
    check(
      'every quarantined item is listed with reason and path',
      traffic.bad,
      items.filter(explained).length,
    ),
  ];
}

const explained = (item: QuarantinedItem): boolean => item.reason !== '' && item.pointer.startsWith('/');

function tally(items: readonly QuarantinedItem[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { code, pointer } of items) {
    const reason = `${code} at ${pointer}`;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

/** Every item of a paged list. */
export async function all<T>(api: HubApi, path: string): Promise<T[]> {
  const items: T[] = [];
  for (let next: string | null = path; next;) {
    const page: { data: T[]; next: string | null } = await api.get(next);
    items.push(...page.data);
    next = page.next && `${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(page.next)}`;
  }
  return items;
}
