import type { Condition, PersonLeaf, WrittenLeaf } from '../definition/definition';
import { localDay } from '../definition/calendar-days';
import { type Answer, dueOf, holdsOf } from '../stream/answer';
import { decimalOf } from '../stream/numeric';
import { type Plan, type PlannedLeaf, planOf } from '../stream/plan';
import { type ProfileFacts, zoneFor } from '../stream/profile-answer';
import { isNumeric, type Scalar, scalarAt } from '../stream/scalar';
import { matchesOf } from '../stream/slot-matches';
import {
  type ExplainedEvent,
  evidenceOfEvents,
  evidenceOfFirst,
  evidenceOfPeriods,
  evidenceOfSequence,
} from './event-evidence';
import { explainMember } from './explain-member';
import type { Evidence, Explanation } from './explanation';

/** A person at a moment, as far as a definition looks. */
export interface ExplainedPerson {
  profile: ProfileFacts;
  /** Of every name the definition and the audiences it uses look at, oldest first. */
  events: readonly ExplainedEvent[];
  now: number;
  zone: string;
  /** The audience whose definition is explained. */
  audienceId: string;
  profileId: string;
  /** Members of an account, this person among them, and whether there are more. */
  membersOf(account: string): { members: ExplainedPerson[]; more: boolean };
  /** A leaf alone, planned, with the items that its lookups name. */
  plan(leaf: PersonLeaf): Plan;
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
    case 'accountMember':
      return explainMember(condition, person, pointer, explainCondition);
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
const WRITTEN_AS: Partial<Record<PersonLeaf['kind'], string>> = {
  firstEvent: 'event',
  every: 'event',
  list: 'imported',
};

function explainLeaf(leaf: PersonLeaf, person: ExplainedPerson, pointer: string): Explanation {
  const answer = answerOf(leaf, person);
  const kind = WRITTEN_AS[leaf.kind] ?? leaf.kind;
  return {
    pointer: `${pointer}/${kind}`,
    kind: leaf.kind,
    holds: holdsOf(answer),
    nextChangeAt: dateOf(dueOf(answer)),
    evidence: evidenceOf(leaf, person),
  };
}

/** As the incremental evaluator answers, from the events themselves. */
function answerOf(leaf: PersonLeaf, { profile, events, now, plan: planFor }: ExplainedPerson): Answer {
  const plan = planFor(leaf);
  const matches = plan.slots.map((slot) => matchesOf(plan, slot, events));
  const [{ ask, slots }] = plan.leaves as [PlannedLeaf];
  return ask({ profile, matches: (slot) => matches[slot]! }, now, slots[0] && matches[slots[0].index]);
}

function evidenceOf(leaf: PersonLeaf, { profile, events, now, zone, plan }: ExplainedPerson): Evidence {
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
  value === undefined ? null : isNumeric(value) ? decimalOf(value) : value;

const dateOf = (ms: number): Date | null => (Number.isFinite(ms) ? new Date(ms) : null);

/** A leaf as a definition of its own. */
export const planOfLeaf = (leaf: PersonLeaf, zone?: string): Plan =>
  planOf([{ id: '', definitionVersion: 1, backfilledVersion: 1, where: leaf }], zone);
