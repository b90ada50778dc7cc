import type { PersonEvent } from '@percorso/profile';
import type { Condition, Leaf, WrittenLeaf } from '../definition/definition';
import { localDay } from '../definition/calendar-days';
import { type Answer } from '../stream/event-answer';
import { answerLeaf, type PersonFacts } from '../stream/leaf-answer';
import { Matches } from '../stream/matches';
import { type Plan, planOf } from '../stream/plan';
import { type ProfileFacts, zoneFor } from '../stream/profile-answer';
import { decimalOf, type Scalar, scalarAt } from '../stream/scalar';
import { evidenceOfEvents, evidenceOfFirst, evidenceOfPeriods, evidenceOfSequence } from './event-evidence';
import type { Evidence, Explanation } from './explanation';

/** A person at a moment, as far as a definition looks. */
export interface ExplainedPerson {
  profile: ProfileFacts;
  /** Of every name the definition and the audiences it uses look at, oldest first. */
  events: readonly PersonEvent[];
  now: number;
  zone: string;
  /** The audience whose definition is explained. */
  audienceId: string;
  /** A leaf alone, planned, with the items that its lookups name. */
  plan(leaf: Leaf): Plan;
  /** The definition of a used audience. */
  audience(id: string): Condition<WrittenLeaf> | undefined;
}

/** Explain a condition, part by part; parts that the answer did not need are explained too. */
export function explainCondition(
  condition: Condition<WrittenLeaf>,
  person: ExplainedPerson,
  pointer = '/where',
): Explanation {
  switch (condition.kind) {
    case 'not': {
      const inner = explainCondition(condition.condition, person, `${pointer}/not`);
      return {
        ...inner,
        pointer,
        kind: 'not',
        holds: !inner.holds,
        evidence: undefined,
        conditions: [inner],
      };
    }
    case 'all':
    case 'any': {
      const conditions = condition.conditions.map((inner, index) =>
        explainCondition(inner, person, `${pointer}/${condition.kind}/${index}`),
      );
      return combined(condition.kind, conditions, pointer);
    }
    case 'audience': {
      const where = person.audience(condition.id);
      const inner = where ? [explainCondition(where, { ...person, audienceId: condition.id })] : [];
      return {
        pointer: `${pointer}/audience`,
        kind: 'audience',
        holds: inner[0]?.holds ?? false,
        nextChangeAt: inner[0]?.nextChangeAt ?? null,
        evidence: { audienceId: condition.id },
        conditions: inner,
      };
    }
    case 'imported':
      return explainLeaf({ kind: 'list', audience: person.audienceId }, person, pointer);
    default:
      return explainLeaf(condition, person, pointer);
  }
}

function combined(kind: 'all' | 'any', conditions: Explanation[], pointer: string): Explanation {
  const deciding = kind === 'any';
  const decided = conditions.filter(({ holds }) => holds === deciding);
  // While one that decides stays, the others change nothing; else the first change may.
  const times = (decided.length > 0 ? decided : conditions).map(
    ({ nextChangeAt }) => nextChangeAt?.getTime() ?? Infinity,
  );
  const next = decided.length > 0 ? Math.max(...times) : Math.min(...times);
  const holds = decided.length > 0 ? deciding : !deciding;
  return { pointer, kind, holds, nextChangeAt: dateOf(next), conditions };
}

/** Leaves whose key in the JSON is another than their kind. */
const WRITTEN_AS: Partial<Record<Leaf['kind'], string>> = {
  firstEvent: 'event',
  every: 'event',
  list: 'imported',
};

function explainLeaf(leaf: Leaf, person: ExplainedPerson, pointer: string): Explanation {
  const { holds, due } = answer(leaf, person);
  const kind = WRITTEN_AS[leaf.kind] ?? leaf.kind;
  return {
    pointer: `${pointer}/${kind}`,
    kind: leaf.kind,
    holds,
    nextChangeAt: dateOf(due),
    evidence: evidenceOf(leaf, person),
  };
}

/** As the incremental evaluator answers, from the events themselves. */
function answer(leaf: Leaf, { profile, events, now, zone, plan: planFor }: ExplainedPerson): Answer {
  const plan = planFor(leaf);
  const matches = plan.slots.map((slot) => {
    const own = new Matches(slot);
    for (const { name, occurredAt, values } of events) {
      if (name === slot.name && values) own.offer(occurredAt.getTime(), values, now);
    }
    return own;
  });
  const facts: PersonFacts = { profile, matches: (slot) => matches[slot]! };
  return answerLeaf(plan.leaves[0]!, facts, now, zone);
}

function evidenceOf(leaf: Leaf, { profile, events, now, zone, plan }: ExplainedPerson): Evidence {
  const history = { events, now, items: plan(leaf).items };
  switch (leaf.kind) {
    case 'trait': {
      const { path, lookup } = leaf.test;
      const value = scalarAt(profile.traits, path);
      if (!lookup) return { value: textOf(value) };
      return { key: textOf(value), value: textOf(history.items.valueOf(lookup, value)) };
    }
    case 'consent': {
      const topics = profile.consent[leaf.channel];
      return {
        value: (leaf.topic === undefined ? undefined : topics?.[leaf.topic]) ?? topics?.['*'] ?? 'unknown',
      };
    }
    case 'account':
      return { total: profile.accounts.length };
    case 'list':
      return { audienceId: leaf.audience };
    case 'identity': {
      const own = profile.identities.filter(({ namespace }) => namespace === leaf.namespace);
      return { total: own.length, value: own[0]?.value ?? null };
    }
    case 'calendar': {
      const whose = zoneFor(leaf, profile.traits, zone);
      const value = textOf(scalarAt(profile.traits, leaf.path));
      return { value, zone: whose, today: localDay(whose, new Date(now)) };
    }
    case 'sample':
      return { value: `${leaf.share / 100} %` };
    case 'event':
      return evidenceOfEvents(leaf, history);
    case 'every':
      return evidenceOfPeriods(leaf, history);
    case 'firstEvent':
      return evidenceOfFirst(leaf, history);
    case 'sequence':
      return evidenceOfSequence(leaf, history);
  }
}

const textOf = (value: Scalar | undefined): string | boolean | null =>
  value === undefined ? null : typeof value === 'bigint' ? decimalOf(value) : value;

const dateOf = (ms: number): Date | null => (Number.isFinite(ms) ? new Date(ms) : null);

/** A leaf as a definition of its own. */
export const planOfLeaf = (leaf: Leaf, zone?: string): Plan =>
  planOf([{ id: '', definitionVersion: 1, backfilledVersion: 1, where: leaf }], zone);
