import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { Claim, previousClaims } from './claims';
import { loadFacts, loadNodes, lockIdentities } from './identity.store';
import { Namespace } from './namespace';
import { IdentityGraph, NewMerge, Node, Placement } from './resolve-person';
import { saveGraph } from './graph.store';

/** One event to place. */
export interface IdentityEvent {
  /** In the order of `byPriority`, at least one. */
  claims: readonly Claim[];
  /** An alias's previous id, asserted to be the same person. */
  previousId?: string;
  pos: number;
  messageId: string;
  /** When the event occurred: the first sight of nodes born by it. */
  at: Date;
}

export interface Resolution {
  /** Per event, in order: its node, that node's home, and the person as of the end of the batch. */
  placements: (Placement & { person: number })[];
  merges: NewMerge[];
  created: (Node & { event: number })[];
  /** What a person that took part became by the end of the batch. */
  personOf(person: number): number;
}

/** What a batch's identities are before it. */
export interface KnownIdentities {
  nodes: readonly Node[];
  /** The highest node number in use. */
  lastNode: number;
}

/** Resolves batches of events to persons, in bulk and in log order. */
@Injectable()
export class IdentityResolver {
  /**
   * Take the workspace's identity lock, until the transaction ends, and look up what `events` may name. Statements of later
   * calls run under the lock, even if this one was not awaited, unless it is the first of the workspace.
   */
  async lookUp(
    tx: Transaction,
    namespaces: readonly Namespace[],
    events: readonly Pick<IdentityEvent, 'claims' | 'previousId'>[],
  ): Promise<KnownIdentities> {
    const claims = events.flatMap((event) => [
      ...event.claims,
      ...previousClaims(event.previousId, namespaces),
    ]);
    const [lastNode, nodes] = await Promise.all([lockIdentities(tx), loadNodes(tx, claims)]);
    return { lastNode, nodes };
  }

  /**
   * Place `events` and write nodes, merges and refusals. `known`: what was looked up of these events, among others.
   */
  async resolve(
    tx: Transaction,
    { nodes, lastNode }: KnownIdentities,
    namespaces: readonly Namespace[],
    partition: number,
    events: readonly IdentityEvent[],
    now: Date,
  ): Promise<Resolution> {
    const previous = events.map((event) => previousClaims(event.previousId, namespaces));
    const facts = await loadFacts(tx, namespaces, personsInQuestion(events, previous, nodes));
    const graph = new IdentityGraph(namespaces, facts, nodes, lastNode);
    const placements = events.map((event, index) => graph.place(event.claims, index, previous[index]));
    await saveGraph(tx, graph, { partition, events, now, mergeIds: graph.merges.map(() => newId()) });
    const created = graph.created.map((node) => ({ ...node, person: graph.root(node.person) }));
    const persons = new Map<number, number>();
    for (const node of nodes) persons.set(node.node, graph.root(node.person));
    for (const node of created) persons.set(node.node, node.person);
    return {
      placements: placements.map((place) => ({ ...place, person: persons.get(place.node)! })),
      merges: graph.merges,
      created,
      personOf: (person) => graph.root(person),
    };
  }
}

/** The known persons of events that may create or merge; all others need no facts about persons. */
function personsInQuestion(
  events: readonly IdentityEvent[],
  previous: readonly Claim[][],
  nodes: readonly Node[],
): number[] {
  const byKey = new Map(nodes.map((node) => [`${node.namespace}\u0000${node.value}`, node]));
  const persons = new Set<number>();
  events.forEach((event, index) => {
    const found = [...event.claims, ...(previous[index] ?? [])].map((claim) =>
      byKey.get(`${claim.namespace}\u0000${claim.value}`),
    );
    const settled = found.every((node) => node !== undefined && node.person === found[0]?.person);
    if (!settled) for (const node of found) if (node) persons.add(node.person);
  });
  return [...persons];
}
