import type { SequenceLeaf, SequenceStep } from '../definition/definition';
import { type CompiledSet, selectEvents } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';
import { PERSON, SOMEBODY } from './people';

/**
 * After: at a later millisecond. One step without a gap is decided by the earliest and latest occurrences. Otherwise the
 * times at which some chain may stand after each step are found one step after the other.
 */
export function compileSequence(leaf: SequenceLeaf, scope: CompileScope): CompiledSet {
  const [only, more] = leaf.steps;
  const simple = only && !more && only.gap === undefined;
  return {
    persons: simple ? byExtremes(leaf, only, scope) : byChains(leaf, scope),
    complement: false,
  };
}

/** Rows (person, t, step): the first events are step 0. What comes after them comes after their window's beginning. */
function occurrences(leaf: SequenceLeaf, scope: CompileScope): string {
  const { from } = leaf.window;
  const selections = [
    selectEvents(scope, leaf.first, leaf.window),
    ...leaf.steps.map(({ events }) => selectEvents(scope, events, from ? { from } : {})),
  ];
  return selections
    .map(
      (where, step) =>
        `SELECT ${PERSON} AS person, occurred_at AS t, ${step} AS step FROM percorso.event WHERE ${where}`,
    )
    .join(' UNION ALL ');
}

function byExtremes(leaf: SequenceLeaf, { presence }: SequenceStep, scope: CompileScope): string {
  const [firsts, thens] = ['countIf(step = 0) > 0', 'countIf(step = 1) > 0'];
  const lastThen = 'maxIf(t, step = 1)';
  const having =
    presence === 'present'
      ? `${firsts} AND ${thens} AND ${lastThen} > minIf(t, step = 0)`
      : `${firsts} AND (NOT ${thens} OR ${lastThen} <= maxIf(t, step = 0))`;
  return `SELECT person FROM (${occurrences(leaf, scope)}) GROUP BY person HAVING ${having}`;
}

/**
 * Every level of the query is a step: of rows (person, reached, s2, s3, …), where `reached` are the times at which a
 * chain may stand, those of which the chain can go on are kept.
 */
function byChains(leaf: SequenceLeaf, scope: CompileScope): string {
  const names = leaf.steps.map((_step, index) => `s${index + 1}`);
  const timesOf = (index: number): string =>
    `groupArrayIf(toUnixTimestamp64Milli(t), step = ${index} AND ${SOMEBODY})`;
  const columns = ['reached', ...names].map((name, index) => `${timesOf(index)} AS ${name}`);
  const level = `SELECT person, ${columns.join(', ')} FROM (${occurrences(leaf, scope)}) GROUP BY person HAVING notEmpty(reached)`;
  return leaf.steps.reduce((rows, step, index) => {
    const last = index === leaf.steps.length - 1;
    if (step.presence === 'absent')
      return `SELECT person FROM (${rows}) WHERE ${stays(step, `s${index + 1}`, scope)}`;
    const inner = `SELECT *, arrayMin(reached) AS earliest FROM (${rows})`;
    const kept = ['person', `${reach(step, `s${index + 1}`, scope)} AS next`, ...names.slice(index + 1)];
    const renamed = ['person', 'next AS reached', ...names.slice(index + 1)];
    const rest = `SELECT ${kept.join(', ')} FROM (${inner}) WHERE notEmpty(next)`;
    return last ? `SELECT person FROM (${rest})` : `SELECT ${renamed.join(', ')} FROM (${rest})`;
  }, level);
}

/** Times of the step that come after one that was reached, and before the gap has passed. */
function reach({ gap }: SequenceStep, times: string, { parameters }: CompileScope): string {
  if (gap === undefined) return `arrayFilter(t -> t > earliest, ${times})`;
  // In order, a step before what was reached in the same millisecond; beside each stands the latest that was reached.
  const line = inOrder(times);
  const latest = `arrayFill(x -> x.2 = 1, ${line})`;
  const follows = `x.2 = 0 AND l.2 = 1 AND x.1 - l.1 < ${parameters.integer(gap)}`;
  return `arrayMap(x -> x.1, arrayFilter((x, l) -> ${follows}, ${line}, ${latest}))`;
}

/** Whether after some time that was reached no event of the step came, within the gap if there is one. */
function stays({ gap }: SequenceStep, times: string, { parameters, now }: CompileScope): string {
  if (gap === undefined) return `(empty(${times}) OR arrayMax(${times}) <= arrayMax(reached))`;
  const line = inOrder(times);
  const next = `arrayReverseFill(x -> x.2 = 0, ${line})`;
  const within = parameters.integer(gap);
  // Only a gap that has passed can be said to have had no event in it.
  const passed = `x.1 + ${within} <= ${parameters.integer(now.getTime())}`;
  return `arrayExists((x, n) -> x.2 = 1 AND ${passed} AND (n.2 = 1 OR n.1 - x.1 >= ${within}), ${line}, ${next})`;
}

const inOrder = (times: string): string =>
  `arraySort(arrayConcat(arrayMap(t -> (t, 0), ${times}), arrayMap(t -> (t, 1), reached)))`;
