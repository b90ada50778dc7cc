import type { CalendarLeaf, ConsentLeaf, SampleLeaf, TraitLeaf } from '../definition/definition';
import { anniversaries, localDay, zonesByDay } from '../definition/calendar-days';
import { SAMPLE_PARTS } from '../definition/definition';
import type { CompileScope } from './compile-scope';
import { compileJoinedTest } from './compile-lookup';
import { dateIn } from './compile-test';

export type ProfileLeaf = TraitLeaf | ConsentLeaf | CalendarLeaf | SampleLeaf;

/** A leaf answered by one row of percorso.profile, as a boolean expression over its columns. */
export function compileProfileLeaf(leaf: ProfileLeaf, scope: CompileScope): string {
  switch (leaf.kind) {
    case 'trait':
      return compileJoinedTest(leaf.test, scope);
    case 'consent':
      return compileConsent(leaf, scope);
    case 'calendar':
      return compileCalendar(leaf, scope);
    case 'sample':
      return compileSample(leaf, scope);
  }
}

// Keys are `channel` and `channel:topic`. A denial of either is a denial, else a grant of either is a grant.
function compileConsent(leaf: ConsentLeaf, { parameters }: CompileScope): string {
  const keys = [leaf.channel, ...(leaf.topic === undefined ? [] : [`${leaf.channel}:${leaf.topic}`])];
  const said = (state: string): string =>
    `(${keys.map((key) => `consent[${parameters.text(key)}] = '${state}'`).join(' OR ')})`;
  if (leaf.is === 'denied') return said('denied');
  if (leaf.is === 'granted') return `(${said('granted')} AND NOT ${said('denied')})`;
  return `NOT (${said('granted')} OR ${said('denied')})`;
}

// The zone decides which day it is, and there are at most three of these: one list of anniversaries for each.
function compileCalendar(leaf: CalendarLeaf, scope: CompileScope): string {
  const { parameters, now } = scope;
  const text = `strings[${parameters.text(leaf.path)}]`;
  const fallsIn = (day: string): string =>
    `substring(${text}, 6, 5) IN ${parameters.texts(anniversaries(day, leaf.from, leaf.to))}`;
  const zone = leaf.zone && 'name' in leaf.zone ? leaf.zone.name : scope.zone;
  const usual = localDay(zone, now);
  let falls = fallsIn(usual);
  if (leaf.zone && 'trait' in leaf.zone) {
    const told = `strings[${parameters.text(leaf.zone.trait)}]`;
    const others = [...zonesByDay(now)].filter(([day]) => day !== usual);
    const branches = others.map(([day, zones]) => `${told} IN ${parameters.texts(zones)}, ${fallsIn(day)}`);
    if (branches.length > 0) falls = `multiIf(${[...branches, falls].join(', ')})`;
  }
  return `(isNotNull(${dateIn(text)}) AND ${falls})`;
}

function compileSample({ salt, share }: SampleLeaf, { parameters }: CompileScope): string {
  const hash = `MD5(concat(${parameters.text(salt)}, ':', toString(person)))`;
  const number = `reinterpretAsUInt32(reverse(substring(${hash}, 1, 4)))`;
  return `${number} % ${SAMPLE_PARTS} < ${parameters.integer(share)}`;
}
