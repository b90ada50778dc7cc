/** The person of a row that has a node, where `peopleOf` stands in front; 0: nobody's. */
export const PERSON = 'people[node]';
/**
 * For aggregates that keep much of each person: nobody may have more than anybody. In a WHERE it would be asked of every
 * row before cheaper conditions are.
 */
export const SOMEBODY = 'person != 0';

/**
 * For the WITH of a query: the persons of nodes 1, 2, 3, … as one array, read once however often the query asks. Nodes
 * are numbered without gaps but for those that were erased; an element costs four bytes. A join would build a table of
 * all nodes for every condition.
 */
export function peopleOf(workspace: string): string {
  const nodes = `SELECT node, person FROM percorso.node_person FINAL WHERE ${workspace} ORDER BY node`;
  const gaps =
    'arrayMap((node, before) -> node - before - 1, nodes, arrayResize(arrayPushFront(nodes, toUInt32(0)), length(nodes)))';
  return (
    `(SELECT arrayFlatten(arrayMap((person, gap) -> arrayPushBack(arrayWithConstant(gap, toUInt32(0)), person), ` +
    `persons, ${gaps})) FROM (SELECT groupArray(node) AS nodes, groupArray(person) AS persons FROM (${nodes}))) AS people`
  );
}
