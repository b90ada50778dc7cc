import type { FieldError } from '@percorso/kernel';
import { cronMistake, DEFAULT_ZONE, isZone, nextRun } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import type { SyncSchedule, SyncTriggers } from './sync.dto';

const POINTER = '/triggers/schedule';

/** Everything that is wrong with a schedule, by the rules audiences' schedules go by. */
export function scheduleMistakes({ cron, zone }: SyncSchedule): FieldError[] {
  const mistake = cronMistake(cron);
  const mistakes = mistake ? [{ pointer: `${POINTER}/cron`, ...mistake }] : [];
  if (zone != null && !isZone(zone)) {
    const message = 'This is not the name of an IANA time zone.';
    mistakes.push({ pointer: `${POINTER}/zone`, code: 'zone', message });
  }
  return mistakes;
}

/** When the schedule is due after `now`; null without one. */
export async function nextMoment(
  tx: Transaction,
  { schedule }: SyncTriggers,
  now: Date,
): Promise<Date | null> {
  if (!schedule) return null;
  return nextRun(schedule.cron, schedule.zone ?? (await workspaceZone(tx)), now);
}

export async function workspaceZone(tx: Transaction): Promise<string> {
  const { rows } = await tx.query<{ zone: string | null }>(
    `SELECT settings ->> 'timezone' AS zone FROM workspace WHERE id = $1`,
    [tx.workspaceId],
  );
  return rows[0]?.zone ?? DEFAULT_ZONE;
}
