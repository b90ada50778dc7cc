import type { Verdict } from '@percorso/plugin-kit';
import type { CallResult } from './flow';

type Answered = Pick<CallResult, 'end' | 'afterMs' | 'code' | 'broken'>;

/** Ends that the hub itself gives. */
const OURS = new Set(['not-tried', 'no-verdict', 'delivery-failed', 'unsupported-operation']);

const THROTTLED = new Set(['http-429', 'throttled']);

/**
 * What a call's verdicts say of the connector as a whole. Retry-After holds for all of it; so does an outage, seen as a
 * call of which no item was answered. `broken`: nothing was sent, and the connector itself must be mended.
 */
export function resultOf(verdicts: readonly Verdict[], broken: boolean): Answered {
  const retries = verdicts.flatMap((verdict) => (verdict.status === 'retry' ? [verdict] : []));
  const afterMs = Math.max(0, ...retries.map((verdict) => verdict.afterSeconds ?? 0)) * 1000;
  const whole = retries.length === verdicts.length;
  const throttled =
    retries.find(({ code }) => THROTTLED.has(code)) ?? (whole && afterMs > 0 ? retries[0] : undefined);
  if (broken) return { end: 'failed', afterMs, code: retries[0]?.code, broken: true };
  if (throttled) return { end: 'throttled', afterMs, code: throttled.code };
  const silent =
    verdicts.length > 0 && verdicts.every(({ status }) => status === 'retry' || status === 'unknown');
  const first = verdicts[0];
  const code = first && 'code' in first ? first.code : undefined;
  return silent ? { end: 'failed', afterMs, code } : { end: 'worked', afterMs };
}

/** Whether a failed call tells of the host, and not of credentials, settings or the plugin's own process. */
export function isHostsFault({ end, broken, code }: Answered): boolean {
  return end === 'failed' && !broken && code !== undefined && !code.startsWith('plugin-') && !OURS.has(code);
}
