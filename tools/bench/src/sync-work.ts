import type { CampaignClassicTwin } from '@percorso/plugin-testkit';
import type { LedgerRow } from './syncing-hub';

export interface Recorded {
  /** The last entry's number; hand it back to read on. */
  seq: number;
  /** One line a row, sorted: key, effect and what was written, without times. */
  lines: string[];
}

/** What the twin's append-only record holds after `seq`. */
export async function recordedSince(twin: CampaignClassicTwin, seq: number): Promise<Recorded> {
  const entries = await twin.journal(seq);
  const lines = entries.map(({ key, effect, attributes }) => {
    const { lastModified: _changed, ...written } = attributes;
    return `${String(key['email'])} ${effect} ${JSON.stringify(sorted(written))}`;
  });
  return { seq: entries.at(-1)?.seq ?? seq, lines: lines.sort() };
}

/** @throws RangeError unless each row of the ledger was recorded exactly once, as a change, and nothing else was. */
export function assertSameWork(
  title: string,
  lines: readonly string[],
  rows: readonly Pick<LedgerRow, 'payload'>[],
): void {
  const expected = rows.map(
    ({ payload }) => `${String(payload['email'])} updated ${JSON.stringify(sorted(flat(payload)))}`,
  );
  expected.sort();
  const at = expected.findIndex((line, index) => line !== lines[index]);
  if (at < 0 && lines.length === expected.length) return;
  throw new RangeError(
    `${title}: the twin recorded ${lines.length} rows for ${expected.length}; first difference: ` +
      `${lines[at < 0 ? expected.length : at]} instead of ${expected[at]}`,
  );
}

/** `{location: {city}}` as the twin's columns name it: `location/@city`. */
function flat(payload: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(payload).flatMap(([name, value]): [string, unknown][] =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(([inner, one]) => [`${name}/@${inner}`, one])
        : [[name, value]],
    ),
  );
}

const sorted = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
