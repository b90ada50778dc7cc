import type { FieldError } from '@percorso/kernel';
import { parseDuration } from '../definition/duration';
import { isZone } from '../definition/zones';
import { cronMistake } from './cron';
import type { SetSchedule } from './schedule.dto';

export interface CronRule {
  cron: string;
  /** Without one, the workspace's. */
  zone?: string;
}

export interface AfterIngestRule {
  /** As asked for; the lengths in milliseconds stand beside it. */
  afterIngest: { quiet: string; atMost: string };
}

export type ScheduleRule = CronRule | AfterIngestRule;

export interface RequestedRule {
  rule: ScheduleRule;
  quietMs: number | null;
  atMostMs: number | null;
}

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

export const isCron = (rule: ScheduleRule): rule is CronRule => 'cron' in rule;

/** The rule a request asks for, or all that is wrong with it. */
export function requestedRule(asked: SetSchedule): RequestedRule | { errors: FieldError[] } {
  const { cron, zone, afterIngest } = asked;
  if ((cron === undefined) === (afterIngest === undefined)) {
    return wrong('', 'one-of', 'Give either cron or afterIngest.');
  }
  if (cron !== undefined) return cronRule(cron, zone);
  if (zone !== undefined) return wrong('/zone', 'zone-without-cron', 'A zone belongs to a cron.');
  return afterIngestRule(afterIngest as { quiet: string; atMost: string });
}

function cronRule(cron: string, zone: string | undefined): RequestedRule | { errors: FieldError[] } {
  const errors: FieldError[] = [];
  const mistake = cronMistake(cron);
  if (mistake) errors.push({ pointer: '/cron', ...mistake });
  if (zone !== undefined && !isZone(zone)) {
    errors.push({ pointer: '/zone', code: 'zone', message: 'This is not the name of an IANA time zone.' });
  }
  if (errors.length > 0) return { errors };
  return { rule: { cron, ...(zone === undefined ? {} : { zone }) }, quietMs: null, atMostMs: null };
}

function afterIngestRule({
  quiet,
  atMost,
}: AfterIngestRule['afterIngest']): ReturnType<typeof requestedRule> {
  const quietMs = parseDuration(quiet) ?? 0;
  const atMostMs = parseDuration(atMost) ?? 0;
  const errors: FieldError[] = [];
  if (!(quietMs >= SECOND_MS && quietMs <= DAY_MS)) {
    errors.push(duration('/afterIngest/quiet', 'from 1 second to 1 day, such as 5m'));
  }
  if (!(atMostMs >= SECOND_MS && atMostMs <= 31 * DAY_MS)) {
    errors.push(duration('/afterIngest/atMost', 'from 1 second to 31 days, such as 1h'));
  }
  return errors.length > 0 ? { errors } : { rule: { afterIngest: { quiet, atMost } }, quietMs, atMostMs };
}

const duration = (pointer: string, range: string): FieldError => ({
  pointer,
  code: 'duration',
  message: `A duration ${range}.`,
});

const wrong = (pointer: string, code: string, message: string): { errors: FieldError[] } => ({
  errors: [{ pointer, code, message }],
});
