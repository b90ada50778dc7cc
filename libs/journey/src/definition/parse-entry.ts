import {
  at,
  cronMistake,
  isZone,
  type JsonObject,
  type Mistakes,
  readChoice,
  readObject,
  readText,
} from '@percorso/segmentation';
import type { Entry, ReadTime } from './definition';
import { readAudienceWatch, readEventWatch } from './parse-watch';
import { optional, readFlag, readId, readWhole } from './written';

export const RATE = { least: 1, most: 20_000, usual: 5000 } as const;

const READ = {
  event: (value, pointer, mistakes) => {
    const event = readEventWatch(value, pointer, mistakes);
    return event && { kind: 'event', event, backfill: false };
  },
  audience: (value, pointer, mistakes) => {
    const audience = readAudienceWatch(value, pointer, mistakes);
    return audience && { kind: 'audience', audience, backfill: false };
  },
  read: readRead,
  business: readBusiness,
  api: (value, pointer, mistakes) => readObject(value, pointer, [], mistakes) && { kind: 'api' },
} satisfies Record<string, (value: unknown, pointer: string, mistakes: Mistakes) => Entry | undefined>;

const KINDS = Object.keys(READ) as (keyof typeof READ)[];
const FILLED_BACK: readonly string[] = ['event', 'audience'];

/** {event | audience, backfill?}, {read}, {business} or {api}. */
export function readEntry(value: unknown, pointer: string, mistakes: Mistakes): Entry | undefined {
  const filled = typeof value === 'object' && value !== null && FILLED_BACK.some((kind) => kind in value);
  const source = readObject(value, pointer, [...KINDS, ...(filled ? ['backfill'] : [])], mistakes);
  if (!source) return undefined;
  const [kind, more] = KINDS.filter((one) => one in source);
  if (kind === undefined || more !== undefined) {
    return mistakes.add(pointer, 'choice', `must have exactly one of ${KINDS.join(', ')}`);
  }
  const entry = READ[kind](source[kind], at(pointer, kind), mistakes);
  const backfill = optional(source.backfill, false, () =>
    readFlag(source.backfill, at(pointer, 'backfill'), mistakes),
  );
  return entry && 'backfill' in entry ? { ...entry, backfill: backfill ?? false } : entry;
}

/** {audience, cron, zone? | afterEvaluation, only?, perSecond?}. */
function readRead(value: unknown, pointer: string, mistakes: Mistakes): Entry | undefined {
  const allowed = ['audience', 'cron', 'zone', 'afterEvaluation', 'only', 'perSecond'];
  const source = readObject(value, pointer, allowed, mistakes);
  if (!source) return undefined;
  const audienceId = readId(source.audience, 'an audience', at(pointer, 'audience'), mistakes);
  const when = readTime(source, pointer, mistakes);
  const only = optional<'all' | 'new'>(source.only, 'all', () =>
    readChoice(source.only, ['all', 'new'], at(pointer, 'only'), mistakes),
  );
  const perSecond = readRate(source, pointer, mistakes);
  if (audienceId === undefined || !when || !only || perSecond === undefined) return undefined;
  return { kind: 'read', audienceId, when, only, perSecond };
}

function readTime(source: JsonObject, pointer: string, mistakes: Mistakes): ReadTime | undefined {
  const { cron, zone, afterEvaluation } = source;
  if ((cron === undefined) === (afterEvaluation === undefined)) {
    return mistakes.add(pointer, 'choice', 'must have exactly one of cron, afterEvaluation');
  }
  if (afterEvaluation !== undefined) {
    if (zone !== undefined) mistakes.add(at(pointer, 'zone'), 'zone-without-cron', 'belongs to a cron');
    if (afterEvaluation === true) return { afterEvaluation };
    return mistakes.add(at(pointer, 'afterEvaluation'), 'choice', 'must be true');
  }
  const expression = readText(cron, at(pointer, 'cron'), mistakes, 200);
  const mistake = expression === undefined ? undefined : cronMistake(expression);
  if (mistake) mistakes.add(at(pointer, 'cron'), mistake.code, mistake.message);
  const named = optional(zone, undefined, () => {
    const name = readText(zone, at(pointer, 'zone'), mistakes);
    if (name === undefined || isZone(name)) return name;
    return mistakes.add(at(pointer, 'zone'), 'zone', "must be an IANA time zone such as 'Europe/Rome'");
  });
  return expression === undefined ? undefined : { cron: expression, ...(named && { zone: named }) };
}

/** {event, audience, perSecond?}. */
function readBusiness(value: unknown, pointer: string, mistakes: Mistakes): Entry | undefined {
  const source = readObject(value, pointer, ['event', 'audience', 'perSecond'], mistakes);
  if (!source) return undefined;
  const event = readEventWatch(source.event, at(pointer, 'event'), mistakes);
  const audienceId = readId(source.audience, 'an audience', at(pointer, 'audience'), mistakes);
  const perSecond = readRate(source, pointer, mistakes);
  if (!event || audienceId === undefined || perSecond === undefined) return undefined;
  return { kind: 'business', event, audienceId, perSecond };
}

const readRate = (source: JsonObject, pointer: string, mistakes: Mistakes): number | undefined =>
  optional(source.perSecond, RATE.usual, () =>
    readWhole(source.perSecond, [RATE.least, RATE.most], at(pointer, 'perSecond'), mistakes),
  );
