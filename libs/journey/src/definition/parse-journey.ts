import type { FieldError } from '@percorso/kernel';
import {
  at,
  type JsonObject,
  Mistakes,
  readChoice,
  readDuration,
  readList,
  readObject,
  readPath,
  readShare,
} from '@percorso/segmentation';
import { mostVisits, STEP_BUDGET } from '../engine/most-visits';
import { checkGraph } from './check-graph';
import type { Caps, Entry, JourneyDefinition, Reentry, Step, Watch } from './definition';
import { readEntry } from './parse-entry';
import { readProfileCondition } from './parse-condition';
import { readGoal } from './parse-goal';
import { readStep } from './parse-step';
import { readWatch, WATCHES } from './parse-watch';
import { LIMITS, noteRepeated, optional, readMap, readPattern, readStepId, readWhole } from './written';

export type ParsedJourney = { ok: true; journey: JourneyDefinition } | { ok: false; errors: FieldError[] };

/** In the order in which they are written out. */
export const JOURNEY_FIELDS = [
  'version',
  'key',
  'entries',
  'where',
  'reentry',
  'caps',
  'group',
  'late',
  'merge',
  'holdout',
  'goal',
  'exits',
  'start',
  'steps',
] as const;

const USUAL_LATE_MS = 86_400_000;
const MOST_ENTRIES = 1_000_000_000;
export const GROUP_NAME = '^\\S(.*\\S)?$';

/** Reads a journey of language version 1; finds every mistake, not only the first. */
export function parseJourney(json: unknown): ParsedJourney {
  const mistakes = new Mistakes();
  const journey = new Reading(mistakes).journey(json);
  const { errors } = mistakes;
  return journey && errors.length === 0 ? { ok: true, journey } : { ok: false, errors };
}

class Reading {
  constructor(private readonly mistakes: Mistakes) {}

  journey(json: unknown): JourneyDefinition | undefined {
    const { mistakes } = this;
    const source = readObject(json, '', JOURNEY_FIELDS, mistakes);
    if (!source) return undefined;
    if (Buffer.byteLength(JSON.stringify(source)) > LIMITS.bytes) {
      return mistakes.add('', 'too-large', `must have at most ${LIMITS.bytes} bytes of JSON`);
    }
    if (source.version !== 1) {
      mistakes.add('/version', source.version === undefined ? 'required' : 'choice', 'must be 1');
    }
    const entry = this.entry(source);
    const outcome = this.outcome(source);
    const walked = this.steps(source);
    return entry && outcome && walked && { version: 1, ...entry, ...outcome, ...walked };
  }

  /** Who enters, and when again. */
  private entry(
    source: JsonObject,
  ):
    | Pick<JourneyDefinition, 'key' | 'entries' | 'where' | 'reentry' | 'caps' | 'group' | 'lateMs' | 'merge'>
    | undefined {
    const { mistakes } = this;
    const key = optional(source.key, undefined, () => readPath(source.key, '/key', mistakes));
    const entries = this.entries(source);
    const where = optional(source.where, undefined, () =>
      readProfileCondition(source.where, '/where', mistakes),
    );
    const reentry = this.reentry(source.reentry);
    const caps = this.caps(source.caps);
    const group = optional(source.group, undefined, () => this.group(source.group));
    const lateMs = optional(source.late, USUAL_LATE_MS, () => readDuration(source.late, '/late', mistakes));
    const merge = optional<JourneyDefinition['merge']>(source.merge, 'oldest', () =>
      readChoice(source.merge, ['oldest', 'newest', 'none'], '/merge', mistakes),
    );
    if (!entries || !reentry || !caps || lateMs === undefined || !merge) return undefined;
    return {
      ...(key === undefined ? {} : { key }),
      entries,
      ...(where && { where }),
      reentry,
      caps,
      ...(group && { group }),
      lateMs,
      merge,
    };
  }

  private entries(source: JsonObject): Entry[] | undefined {
    const { mistakes } = this;
    const entries = readList(source.entries, '/entries', mistakes, LIMITS.entries)?.map((entry, index) =>
      readEntry(entry, at('/entries', index), mistakes),
    );
    noteRepeated(entries?.map(startedBy) ?? [], (index) => at('/entries', index), mistakes);
    entries?.forEach((entry, index) => {
      if (source.key === undefined || !entry || 'event' in entry || entry.kind === 'api') return;
      const message = 'never enters: the journey has a key, and an audience gives no value for it';
      mistakes.add(at('/entries', index), 'no-key', message);
    });
    return entries?.filter((entry) => entry !== undefined);
  }

  private reentry(value: unknown): Reentry | undefined {
    if (value === undefined || value === 'always') return { kind: 'always' };
    if (value === 'once') return { kind: 'once' };
    if (typeof value !== 'object') {
      return this.mistakes.add('/reentry', 'choice', 'must be one of always, once, {after}');
    }
    const source = readObject(value, '/reentry', ['after'], this.mistakes);
    const ms = source && readDuration(source.after, '/reentry/after', this.mistakes);
    return ms === undefined ? undefined : { kind: 'after', ms };
  }

  private caps(value: unknown): Caps | undefined {
    if (value === undefined) return {};
    const { mistakes } = this;
    const source = readObject(value, '/caps', ['total', 'perDay'], mistakes);
    if (!source) return undefined;
    const caps: Caps = {};
    for (const name of ['total', 'perDay'] as const) {
      if (source[name] === undefined) continue;
      const most = readWhole(source[name], [1, MOST_ENTRIES], at('/caps', name), mistakes);
      if (most !== undefined) caps[name] = most;
    }
    return caps;
  }

  private group(value: unknown): JourneyDefinition['group'] {
    const { mistakes } = this;
    const source = readObject(value, '/group', ['name', 'priority'], mistakes);
    if (!source) return undefined;
    const words = 'a name without space at its ends';
    const name = readPattern(source.name, GROUP_NAME, '/group/name', mistakes, words);
    const priority = readWhole(source.priority, [0, 1000], '/group/priority', mistakes);
    return name === undefined || priority === undefined ? undefined : { name, priority };
  }

  /** What it is followed for, and what ends it. */
  private outcome(source: JsonObject): Pick<JourneyDefinition, 'holdout' | 'goal' | 'exits'> | undefined {
    const { mistakes } = this;
    const holdout = optional(source.holdout, 0, () => readShare(source.holdout, '/holdout', mistakes));
    const goal = optional(source.goal, undefined, () => readGoal(source.goal, mistakes));
    const exits = optional(source.exits, [], () => this.exits(source.exits));
    if (holdout === undefined || !exits) return undefined;
    return { holdout, ...(goal && { goal }), exits };
  }

  private exits(value: unknown): Watch[] | undefined {
    const { mistakes } = this;
    const exits = readList(value, '/exits', mistakes, LIMITS.exits)?.map((exit, index) => {
      const source = readObject(exit, at('/exits', index), WATCHES, mistakes);
      return source && readWatch(source, WATCHES, at('/exits', index), mistakes);
    });
    noteRepeated(exits ?? [], (index) => at('/exits', index), mistakes);
    return exits?.filter((exit) => exit !== undefined);
  }

  private steps(source: JsonObject): Pick<JourneyDefinition, 'start' | 'steps'> | undefined {
    const { mistakes } = this;
    const start = readStepId(source.start, '/start', mistakes);
    const written = readMap(source.steps, '/steps', mistakes, LIMITS.steps);
    if (!written) return undefined;
    const steps = new Map<string, Step>();
    for (const [id, value] of Object.entries(written)) {
      const pointer = at('/steps', id);
      const named = readStepId(id, pointer, mistakes);
      const step = readStep(value, pointer, mistakes);
      if (named !== undefined && step) steps.set(id, step);
    }
    checkGraph(start, steps, new Set(Object.keys(written)), mistakes);
    if (start === undefined) return undefined;
    const walked = { start, steps: Object.fromEntries(steps) };
    if (mistakes.errors.length === 0 && mostVisits(walked) > STEP_BUDGET) {
      const message = `may take more than ${STEP_BUDGET} steps at one moment: some loop must wait in each turn`;
      return mistakes.add('/steps', 'too-many-steps', message);
    }
    return walked;
  }
}

/** What makes an entry; a second one with the same never starts anything. */
function startedBy(entry: Entry | undefined): unknown {
  if (entry?.kind === 'event' || entry?.kind === 'audience') return { ...entry, backfill: undefined };
  if (entry?.kind === 'read' || entry?.kind === 'business') return { ...entry, perSecond: undefined };
  return entry;
}
