import type { Check } from './reconcile';
import type { ChaosResult } from './run-chaos';
import { FAULT_KINDS, isKill, type Strike } from './schedule';
import { WINDOW_MS } from './throughput';

const INDENT = '  ';

/** The schedule, one fault a line. */
export const scheduleText = (schedule: readonly Strike[]): string =>
  schedule
    .map(({ atMs, kind, target, lastsMs, pick }) => {
      const whom = target ?? pick.toFixed(3);
      const long = lastsMs === undefined ? '' : ` for ${lastsMs / 1000} s`;
      return `${INDENT}${(atMs / 1000).toFixed(1).padStart(6)} s  ${kind.padEnd(16)} ${whom}${long}`;
    })
    .join('\n');

/** What struck how often, how fast it went meanwhile, and whether everything is where it should be. */
export function reportText(
  { struck, throughput, drainSeconds, checks, evidence }: ChaosResult,
  seed: number,
): string {
  const lines = FAULT_KINDS.map((kind) => {
    const times = struck.filter((one) => one.kind === kind).length;
    return `${INDENT}${kind.padEnd(16)} ${String(times).padStart(4)}`;
  });
  const kills = struck.filter(({ kind }) => isKill(kind)).length;
  const { acknowledged, delivered } = throughput;
  const window = `${WINDOW_MS / 1000} s`;
  return [
    `Faults, seed ${seed}:`,
    ...lines,
    `${INDENT}${'SIGKILLs in all'.padEnd(16)} ${String(kills).padStart(4)}`,
    '',
    `While they struck, the least in any ${window} and the mean:`,
    `${INDENT}calls acknowledged  ${acknowledged.leastPerSecond} / s, ${acknowledged.meanPerSecond} / s`,
    `${INDENT}deliveries taken    ${delivered.leastPerSecond} / s, ${delivered.meanPerSecond} / s`,
    `Drained ${drainSeconds.toFixed(1)} s after the last; ${evidence.events.acknowledged.length} calls in all.`,
    '',
    ...checks.flatMap(lineOf),
    '',
    `${checks.filter(({ ok }) => ok).length} of ${checks.length} checks held.`,
  ].join('\n');
}

const lineOf = ({ name, ok, found, differences }: Check): string[] => [
  `${ok ? 'ok    ' : 'FAILED'}  ${name} (${found})`,
  ...differences.map((difference) => `${INDENT}        ${difference}`),
];
