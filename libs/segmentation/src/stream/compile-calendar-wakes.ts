import { anniversaries } from '../definition/calendar-days';
import type { CalendarLeaf } from '../definition/definition';
import { ZONE_NAMES } from '../definition/zone-names';
import type { CompileScope } from '../compile/compile-scope';
import { startOfDay, today } from './local-day';

const DAY_MS = 86_400_000;
/** A longer time may hold several midnights of a zone: then everybody with a date is looked at. */
const LONG_MS = 3 * 3_600_000;

/** Rows `person`, `due` of those whose answer a local midnight after `since` and no later than `until` may change. */
export function compileCalendarWakes(
  leaf: CalendarLeaf,
  scope: CompileScope,
  since: number,
  until: number,
): string[] {
  const { parameters } = scope;
  const text = `strings[${parameters.text(leaf.path)}]`;
  const select = (due: number, condition: string): string =>
    `SELECT person, ${parameters.integer(due)} AS due FROM percorso.profile FINAL ` +
    `WHERE workspace_id = ${parameters.uuid(scope.workspaceId)} AND deleted = 0 AND ${condition}`;
  if (until - since > LONG_MS) return [select(since + 1, `${text} != ''`)];
  const usual = leaf.zone && 'name' in leaf.zone ? leaf.zone.name : scope.zone;
  const told = leaf.zone && 'trait' in leaf.zone ? `strings[${parameters.text(leaf.zone.trait)}]` : undefined;
  const parts: string[] = [];
  const add = (zone: string, condition: string): void => {
    const day = today(zone, until);
    const start = startOfDay(zone, day);
    if (start <= since) return;
    const turning = turningOn(leaf, day);
    if (turning.length > 0) {
      parts.push(select(start, `substring(${text}, 6, 5) IN ${parameters.texts(turning)}${condition}`));
    }
  };
  if (told === undefined) add(usual, '');
  else {
    for (const zones of zonesByMidnight(until)) add(zones[0]!, ` AND ${told} IN ${parameters.texts(zones)}`);
    add(usual, ` AND ${told} NOT IN ${parameters.texts([...ZONE_NAMES])}`);
  }
  return parts;
}

/** MM-DD whose answer is another on `day` than on the day before. */
function turningOn({ from, to }: CalendarLeaf, day: number): string[] {
  const on = (when: number): Set<string> =>
    new Set(anniversaries(new Date(when * DAY_MS).toISOString().slice(0, 10), from, to));
  const [before, after] = [on(day - 1), on(day)];
  return [...before, ...after].filter((text) => before.has(text) !== after.has(text));
}

/** IANA zones together whose day began at the same moment. */
function zonesByMidnight(at: number): string[][] {
  const groups = new Map<string, string[]>();
  for (const zone of ZONE_NAMES) {
    const day = today(zone, at);
    const key = `${day} ${startOfDay(zone, day)}`;
    const group = groups.get(key);
    if (group) group.push(zone);
    else groups.set(key, [zone]);
  }
  return [...groups.values()];
}
