import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { DEFAULT_DELIVERY } from '@percorso/delivery';
import { startEngines } from '@percorso/engines';
import plugin from '@percorso/plugin-campaign-adobe-classic';
import { type CampaignClassicTwin, startCampaignClassicTwin } from '@percorso/plugin-testkit';
import { BareLoop } from './bare-loop';
import { Bench, median } from './bench';
import { SyncHub } from './sync-hub';
import { assertSameWork, recordedSince } from './sync-work';
import { type LedgerRow, SyncingHub } from './syncing-hub';

/** What the plugin and the hub themselves use; the loop gets the same. */
const TUNING = { batch: plugin.upsert?.batch ?? 1, concurrency: DEFAULT_DELIVERY.callsPerLane };

/** A quick run begins no round after this, so that it ends within its minute on a busy machine too. */
const QUICK_MS = 35_000;

interface Contest {
  hub: SyncHub;
  loop: BareLoop;
  twin: CampaignClassicTwin;
  rows: LedgerRow[];
}

interface Rates {
  percorso: number[];
  loop: number[];
}

/**
 * An audience brought to Adobe Campaign Classic by the hub as it is shipped (members, mapping, effect ledger, lanes,
 * plugin process), against the same plugin's batch method called in a loop that already holds the mapped rows and keeps
 * no record. The plugin's pace is lifted on both sides. Rows a second, both with the same twin in its own process.
 */
export const bench: Bench = async ({ size, quick }) => {
  const started = performance.now();
  const more = (rounds: number): boolean =>
    rounds < 3 || (quick ? rounds < 5 && performance.now() - started < QUICK_MS : rounds < 9);
  const members = size ?? (quick ? 5_000 : 20_000);
  const folder = mkdtempSync(join(tmpdir(), 'percorso-bench-'));
  const login = { login: 'bench', password: randomBytes(12).toString('hex') };
  const parts: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(one: T): T => (parts.unshift(one), one);
  try {
    const engines = keep(await startEngines({ dataDir: join(folder, 'data') }));
    const twin = keep(await startCampaignClassicTwin({ journal: join(folder, 'journal.ndjson'), ...login }));
    const syncing = keep(await SyncingHub.start(engines, join(folder, 'data')));
    const hub = new SyncHub(syncing, { url: twin.url, ...login }, members);
    await hub.fill();
    const loop = keep(await BareLoop.start({ settings: { url: twin.url, ...login }, ...TUNING }));
    const { rows } = await hub.run();
    await loop.load(rows);
    await loop.run('rows');
    const rates = await compete({ hub, loop, twin, rows }, more);
    return { metrics: { vs_bare_loop: report(rates) }, size: members };
  } finally {
    for (const one of parts) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function compete(
  { hub, loop, twin, rows }: Contest,
  more: (rounds: number) => boolean,
): Promise<Rates> {
  const rates: Rates = { percorso: [], loop: [] };
  let read = 0;
  for (let round = 0; more(round); round++) {
    const work = new Map<keyof Rates, string[]>();
    for (const side of round % 2 ? (['loop', 'percorso'] as const) : (['percorso', 'loop'] as const)) {
      // Every record is changed back first, unmeasured, so that the twin has the same to do for both.
      await loop.run('blank');
      const { seq } = await recordedSince(twin, read);
      const { seconds, rows: delivered } =
        side === 'loop' ? { seconds: await loop.run('rows'), rows } : await hub.run();
      const { seq: last, lines } = await recordedSince(twin, seq);
      read = last;
      assertSameWork(`${side}, against the ledger`, lines, delivered);
      work.set(side, lines);
      rates[side].push(rows.length / seconds);
    }
    if (work.get('loop')?.join('\n') !== work.get('percorso')?.join('\n'))
      throw new RangeError('The twin did not record the same rows for both.');
  }
  console.log(
    `each of ${rates.loop.length} rounds: ${rows.length} rows recorded for either side, equal to the ledger's`,
  );
  return rates;
}

function report({ percorso, loop }: Rates): number {
  const ratio = median(percorso.map((rate, round) => rate / (loop[round] ?? Number.NaN)));
  const shown = (rates: readonly number[]): string =>
    Math.round(median(rates)).toLocaleString('en').padStart(9);
  console.log(
    `${`${TUNING.concurrency} calls of ${TUNING.batch}`.padEnd(16)} percorso ${shown(percorso)} rows/s   ` +
      `bare loop ${shown(loop)} rows/s   ratio ${ratio.toFixed(2)}`,
  );
  return Number(ratio.toFixed(3));
}
