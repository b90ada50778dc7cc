import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@percorso/demo';
import { collect } from './collect';
import type { Evidence } from './evidence';
import { AcknowledgedJournal } from './journal';
import { Load } from './load';
import { Puller } from './pulling';
import { type Check, reconcile } from './reconcile';
import { describe, untilDrained } from './settle';
import { makeSchedule, type Strike } from './schedule';
import { ShopLife } from './shop-life';
import { openStage, type Stage } from './stage';
import { Striker, type Struck } from './strikes';
import { type Throughput, throughputOf } from './throughput';
import { makeWorkspace, type Workspace } from './workspace';

export interface ChaosOptions {
  minutes: number;
  seed: number;
  /** Calls of the tracking API a second. @default 60 */
  perSecond?: number;
  /** Where the run keeps its data, journals and logs. @default a folder that is removed when every check held */
  folder?: string;
  say?: (line: string) => void;
  /** Given what ends the run's processes, for one who is interrupted: `closeAll`. */
  closing?: (() => Promise<unknown>)[];
}

export interface ChaosResult {
  checks: Check[];
  schedule: Strike[];
  struck: Struck[];
  /** While faults struck: calls acknowledged, and messages and records that the targets took. */
  throughput: { acknowledged: Throughput; delivered: Throughput };
  /** Seconds from the last fault until nothing waited any more. */
  drainSeconds: number;
  evidence: Evidence;
  folder: string;
}

const DRAIN_MS = 600_000;
const TELL_MS = 10_000;
/** Before the first fault everything works once. */
const WARM_UP_MS = 3_000;

/** A hub under load and faults for so long, then at rest, and everything held against everything. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { minutes, seed, perSecond = 60, say = () => undefined, closing = [] } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'percorso-chaos-'));
  mkdirSync(folder, { recursive: true });
  const schedule = makeSchedule(seed, minutes);
  let whole = false;
  try {
    const stage = await openStage(folder, closing, say);
    const workspace = await makeWorkspace(stage);
    say(`workspace ${workspace.id} at ${stage.url}; ${schedule.length} faults follow`);
    const result = await strikeUnderLoad({ stage, workspace, schedule, minutes, seed, perSecond, say });
    whole = result.checks.every(({ ok }) => ok);
    return result;
  } finally {
    await closeAll(closing);
    if (whole && options.folder === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends what was started, in the opposite order. */
export async function closeAll(closing: (() => Promise<unknown>)[]): Promise<void> {
  for (let close = closing.pop(); close; close = closing.pop()) await close();
}

interface Plan {
  stage: Stage;
  workspace: Workspace;
  schedule: Strike[];
  minutes: number;
  seed: number;
  perSecond: number;
  say: (line: string) => void;
}

async function strikeUnderLoad(plan: Plan): Promise<ChaosResult> {
  const { stage, workspace, schedule, minutes, seed, perSecond, say } = plan;
  const journal = new AcknowledgedJournal(join(stage.folder, 'acknowledged.ndjson'));
  const load = new Load(new ShopLife(new Random(seed)), journal, {
    url: stage.url,
    writeKey: workspace.writeKey,
  });
  const puller = new Puller(stage.url, workspace);
  const striker = new Striker(stage);
  const telling = setInterval(() => say(progress(striker.struck, schedule, journal)), TELL_MS);
  try {
    const refused = load.start(perSecond).then(() => new Promise<never>(() => undefined));
    puller.start();
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    const from = Date.now();
    await Promise.race([striker.run(schedule), refused]);
    const to = Date.now();
    say(`${striker.struck.length} faults struck in ${Math.round((to - from) / 1000)} s; no more follow`);
    await load.finish();
    await untilDrained(stage.engines.databaseUrl, workspace.id, DRAIN_MS, paced(say));
    const drainSeconds = (Date.now() - to) / 1000;
    await puller.stop();
    say(`drained after ${drainSeconds.toFixed(1)} s`);
    const evidence = await collect(stage, workspace, journal.entries, puller, striker.struck);
    const delivered = await deliveries(stage);
    return {
      checks: reconcile(evidence, minutes),
      schedule,
      struck: striker.struck,
      throughput: {
        acknowledged: throughputOf(
          journal.entries.map(({ at }) => at),
          from,
          to,
        ),
        delivered: throughputOf(delivered, from, to),
      },
      drainSeconds,
      evidence,
      folder: stage.folder,
    };
  } finally {
    clearInterval(telling);
    striker.abort();
    load.abort();
    await puller.stop();
    journal.close();
  }
}

/** When the targets took each message and each record. */
async function deliveries({ twins }: Stage): Promise<number[]> {
  const { campaign, keyed, sms, mail } = twins;
  const lines = await Promise.all([campaign.journal(), keyed.messages(), sms.messages(), mail.messages()]);
  return lines.flat().map(({ time }) => Date.parse(time));
}

const progress = (
  struck: readonly Struck[],
  schedule: readonly Strike[],
  journal: AcknowledgedJournal,
): string => `${struck.length} of ${schedule.length} faults, ${journal.entries.length} calls acknowledged`;

/** Now and then what still waits. */
function paced(say: (line: string) => void): Parameters<typeof untilDrained>[3] {
  let told = 0;
  return (waiting) => {
    if (Date.now() - told < TELL_MS) return;
    told = Date.now();
    say(`still waiting: ${describe(waiting)}`);
  };
}
