import { newId } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { IdentityGraph } from './resolve-person';

export interface GraphContext {
  partition: number;
  events: readonly { pos: number; messageId: string; at: Date }[];
  now: Date;
  mergeIds: readonly string[];
}

/** Write what a graph has learned: merges first, so that the nodes born after them are written with their last person. */
export async function saveGraph(tx: Transaction, graph: IdentityGraph, context: GraphContext): Promise<void> {
  if (graph.merges.length > 0) await saveMerges(tx, graph, context);
  if (graph.created.length > 0) await saveNodes(tx, graph, context);
  if (graph.refusals.length > 0) await saveRefusals(tx, graph, context);
}

async function saveMerges(tx: Transaction, graph: IdentityGraph, context: GraphContext): Promise<void> {
  const { merges } = graph;
  const causes = merges.map(({ event, kind }) => {
    const { messageId, pos } = context.events[event]!;
    return JSON.stringify({ kind, messageId, pos });
  });
  tx.send(
    `INSERT INTO merge (workspace_id, id, winner, loser, cause, at)
     SELECT $1, m.id, m.winner, m.loser, m.cause, $6
     FROM unnest($2::uuid[], $3::int[], $4::int[], $5::jsonb[]) AS m (id, winner, loser, cause)`,
    [
      tx.workspaceId,
      context.mergeIds,
      merges.map((merge) => merge.winner),
      merges.map((merge) => merge.loser),
      causes,
      context.now,
    ],
  );
  tx.send(
    `UPDATE identity_node n SET person = m.winner, version = n.version + 1, dirty = true
     FROM unnest($2::int[], $3::int[]) AS m (loser, winner)
     WHERE n.workspace_id = $1 AND n.person = ANY($2) AND n.person = m.loser`,
    [tx.workspaceId, merges.map((merge) => merge.loser), merges.map((merge) => graph.root(merge.loser))],
  );
}

async function saveNodes(tx: Transaction, graph: IdentityGraph, context: GraphContext): Promise<void> {
  const { created } = graph;
  tx.send('UPDATE identity_counter SET last_node = $2 WHERE workspace_id = $1', [
    tx.workspaceId,
    graph.lastNode,
  ]);
  tx.send(
    `INSERT INTO identity_node (workspace_id, node, namespace, value, home, person, first_seen)
     SELECT $1, n.* FROM unnest($2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::timestamptz[]) AS n`,
    [
      tx.workspaceId,
      created.map((node) => node.node),
      created.map((node) => node.namespace),
      created.map((node) => node.value),
      created.map((node) => node.home),
      created.map((node) => graph.root(node.person)),
      created.map((node) => context.events[node.event]!.at),
    ],
  );
}

async function saveRefusals(tx: Transaction, graph: IdentityGraph, context: GraphContext): Promise<void> {
  const { refusals } = graph;
  // The same two persons are refused with every event of a shared device: once is enough to explain it.
  tx.send(
    `INSERT INTO merge_refusal (workspace_id, id, at, partition, pos, kept, refused, namespace)
     SELECT $1, r.id, $2, $3, r.pos, r.kept, r.refused, r.namespace
     FROM unnest($4::uuid[], $5::bigint[], $6::int[], $7::int[], $8::text[]) AS r (id, pos, kept, refused, namespace)
     ON CONFLICT (workspace_id, kept, refused, namespace) DO NOTHING`,
    [
      tx.workspaceId,
      context.now,
      context.partition,
      refusals.map(() => newId()),
      refusals.map((refusal) => context.events[refusal.event]!.pos),
      refusals.map((refusal) => refusal.kept),
      refusals.map((refusal) => refusal.refused),
      refusals.map((refusal) => refusal.namespace),
    ],
  );
}
