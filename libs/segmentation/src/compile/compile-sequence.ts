import type { SequenceLeaf } from '../definition/definition';
import { type CompiledSet, personsOf, selectEvents } from './compile-event-leaf';
import type { CompileScope } from './compile-scope';

/**
 * After: at a later millisecond. Without a gap the earliest and latest occurrences decide; with one, the times of both
 * events are laid out in order, a `then` before a `first` of the same millisecond, and each is compared with its
 * neighbour of the other kind.
 */
export function compileSequence(leaf: SequenceLeaf, scope: CompileScope): CompiledSet {
  const firsts = `SELECT node, occurred_at AS t, 1 AS opens FROM percorso.event WHERE ${selectEvents(scope, leaf.first, leaf.window)}`;
  const thens = `SELECT node, occurred_at AS t, 0 AS opens FROM percorso.event WHERE ${selectEvents(scope, leaf.then, {})}`;
  const both = `SELECT node, t, opens FROM (${firsts} UNION ALL ${thens})`;
  return {
    persons:
      leaf.gap === undefined ? byExtremes(leaf, both, scope) : byNeighbours(leaf, leaf.gap, both, scope),
    complement: false,
  };
}

function byExtremes(leaf: SequenceLeaf, both: string, scope: CompileScope): string {
  const perNode =
    `SELECT node, countIf(opens = 1) AS firsts, countIf(opens = 0) AS thens, minIf(t, opens = 1) AS earliest, ` +
    `maxIf(t, opens = 1) AS latest, maxIf(t, opens = 0) AS last_then FROM (${both}) GROUP BY node`;
  const [first, followed] = ['sum(found.firsts) > 0', 'sum(found.thens) > 0'];
  const lastThen = 'maxIf(found.last_then, found.thens > 0)';
  const having =
    leaf.presence === 'present'
      ? `${first} AND ${followed} AND ${lastThen} > minIf(found.earliest, found.firsts > 0)`
      : `${first} AND (NOT ${followed} OR ${lastThen} <= maxIf(found.latest, found.firsts > 0))`;
  return personsOf(scope, perNode, having);
}

function byNeighbours(leaf: SequenceLeaf, gap: number, both: string, scope: CompileScope): string {
  const perNode = `SELECT node, groupArray((toUnixTimestamp64Milli(t), opens)) AS times FROM (${both}) GROUP BY node`;
  const times = 'arraySort(groupArrayArray(found.times))';
  const within = scope.parameters.integer(gap);
  const now = scope.parameters.integer(scope.now.getTime());
  if (leaf.presence === 'present') {
    const lastFirst = `arrayFill(x -> x.2 = 1, ${times})`;
    return personsOf(
      scope,
      perNode,
      `arrayExists((x, f) -> x.2 = 0 AND f.2 = 1 AND x.1 - f.1 < ${within}, ${times}, ${lastFirst})`,
    );
  }
  // Only a gap that has passed can be said to have had no event in it.
  const nextThen = `arrayReverseFill(x -> x.2 = 0, ${times})`;
  return personsOf(
    scope,
    perNode,
    `arrayExists((x, n) -> x.2 = 1 AND x.1 + ${within} <= ${now} AND (n.2 = 1 OR n.1 - x.1 >= ${within}), ${times}, ${nextThen})`,
  );
}
