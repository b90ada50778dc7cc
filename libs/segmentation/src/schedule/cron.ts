import { Cron } from 'croner';
import { firstInstant, wallTime } from './wall-clock';

const FIELDS = 5;

/** Why an expression is no schedule; undefined when it is one. */
export function cronMistake(expression: string): { code: string; message: string } | undefined {
  const fields = expression.trim().split(/\s+/).length;
  if (fields !== FIELDS) {
    return {
      code: 'cron-fields',
      message: 'Five fields are needed: minute, hour, day of month, month, weekday.',
    };
  }
  let calendar: Cron;
  try {
    calendar = calendarOf(expression);
  } catch (error) {
    return { code: 'cron', message: reasonOf(error) };
  }
  return calendar.nextRun(new Date(0))
    ? undefined
    : { code: 'cron-never', message: 'There is no such day in any year.' };
}

/**
 * The first run after `after` (never `after` itself), by the clocks of `zone`. Each time on the clock runs once: one that
 * exists twice at its first, those that a clock change leaves out together at the change.
 */
export function nextRun(expression: string, zone: string, after: Date): Date {
  const calendar = calendarOf(expression);
  for (let wall = new Date(wallTime(zone, after.getTime())); ;) {
    const next = calendar.nextRun(wall);
    if (!next) throw new RangeError('a schedule without a next run');
    const instant = firstInstant(zone, next.getTime());
    if (instant > after.getTime()) return new Date(instant);
    wall = next;
  }
}

/** Days and hours are counted in UTC; what clocks of a zone show is taken for UTC by whoever asks. */
const calendarOf = (expression: string): Cron =>
  new Cron(expression.trim(), { timezone: 'UTC', mode: '5-part', paused: true });

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^CronPattern: /, '');
