import { Claim } from './claims';
import { Namespace } from './namespace';

/** An identity that has a number. `home`: the person it was born into; never changes. */
export interface Node {
  node: number;
  namespace: string;
  value: string;
  home: number;
  person: number;
}

/** What decides about a person's merges: its strongest priority and the 'one' namespaces it already fills. */
export interface PersonFacts {
  priority: number;
  unique: Set<string>;
  /** Persons an admin has separated this one from. */
  apart: Set<number>;
}

export interface NewMerge {
  winner: number;
  loser: number;
  /** Index of the event that caused it. */
  event: number;
  kind: 'identify' | 'alias';
}

export interface NewRefusal {
  kept: number;
  refused: number;
  /** Whose uniqueness would have been broken; empty where an admin's reversal keeps the two apart. */
  namespace: string;
  event: number;
}

/** Where an event belongs: the node it is stored under and that node's home. */
export interface Placement {
  node: number;
  home: number;
}

const keyOf = (claim: Claim): string => `${claim.namespace}\u0000${claim.value}`;

/**
 * Identity resolution in memory: events one after another, in log order, over the nodes and persons they touch.
 * Holds no I/O; `lastNode` is the highest number ever given in the workspace.
 */
export class IdentityGraph {
  readonly created: (Node & { event: number })[] = [];
  readonly merges: NewMerge[] = [];
  readonly refusals: NewRefusal[] = [];
  private readonly nodes = new Map<string, Node>();
  private readonly winners = new Map<number, number>();
  private readonly refused = new Set<string>();
  private readonly rules: Map<string, Namespace>;

  constructor(
    namespaces: readonly Namespace[],
    private readonly facts: Map<number, PersonFacts>,
    known: Iterable<Node>,
    public lastNode: number,
  ) {
    this.rules = new Map(namespaces.map((namespace) => [namespace.code, namespace]));
    for (const node of known) this.nodes.set(keyOf(node), node);
  }

  /** The person that `person` is now, after the merges of this graph. */
  root(person: number): number {
    let root = person;
    for (let next = this.winners.get(root); next !== undefined; next = this.winners.get(root)) root = next;
    return root;
  }

  /**
   * Place one event. `claims` are strongest first and not empty. `previous` are the claims under which an alias may
   * know its previous id, in the order to look them up; the last one is born when none is known.
   */
  place(claims: readonly Claim[], event: number, previous?: readonly Claim[]): Placement {
    const current = this.gather(claims, event);
    if (previous?.length) this.assert(current, previous, event);
    const strongest = this.nodes.get(keyOf(claims[0]!))!;
    return { node: strongest.node, home: strongest.home };
  }

  private gather(claims: readonly Claim[], event: number): { home: number; person: number } {
    let current: { home: number; person: number } | undefined;
    const pending: Claim[] = [];
    const strays: Claim[] = [];
    const refusals: { person: number; namespace: string }[] = [];
    for (const claim of claims) {
      const known = this.nodes.get(keyOf(claim));
      if (!known) {
        if (current ? this.fits(claim, current.person) : this.fitsPending(claim, pending)) {
          if (current) this.bear(claim, event, current.home, current.person);
          else pending.push(claim);
        } else strays.push(claim);
        continue;
      }
      const person = this.root(known.person);
      if (current) {
        const clash = this.clash(this.root(current.person), person);
        if (clash === undefined) this.merge(current.person, person, event, 'identify');
        else refusals.push({ person, namespace: clash });
        continue;
      }
      const clash = pending.find((waiting) => !this.fits(waiting, person));
      if (clash) refusals.push({ person, namespace: clash.namespace });
      else {
        current = { home: known.home, person };
        for (const waiting of pending.splice(0)) this.bear(waiting, event, current.home, person);
      }
    }
    current ??= this.found(pending, event);
    for (const stray of strays) {
      refusals.push({ person: this.bear(stray, event).node, namespace: stray.namespace });
    }
    for (const { person, namespace } of refusals) this.refuse(current.person, person, namespace, event);
    return current;
  }

  private found(pending: readonly Claim[], event: number): { home: number; person: number } {
    const [founder, ...others] = pending;
    const { home } = this.bear(founder!, event);
    for (const claim of others) this.bear(claim, event, home, home);
    return { home, person: home };
  }

  private assert(current: { home: number; person: number }, previous: readonly Claim[], event: number): void {
    const known = previous.map((claim) => this.nodes.get(keyOf(claim))).find((node) => node !== undefined);
    if (known) this.merge(current.person, known.person, event, 'alias');
    else this.bear(previous.at(-1)!, event, current.home, current.person);
  }

  private bear(claim: Claim, event: number, home?: number, person?: number): Node {
    const node = ++this.lastNode;
    const root = person === undefined ? node : this.root(person);
    const born = { ...claim, node, home: home ?? node, person: root, event };
    this.nodes.set(keyOf(claim), born);
    this.created.push(born);
    const rule = this.rules.get(claim.namespace)!;
    const facts = this.factsOf(root);
    facts.priority = Math.min(facts.priority, rule.priority);
    if (rule.uniqueness === 'one') facts.unique.add(claim.namespace);
    return born;
  }

  private merge(one: number, other: number, event: number, kind: NewMerge['kind']): void {
    const [a, b] = [this.root(one), this.root(other)];
    if (a === b) return;
    const [factsA, factsB] = [this.factsOf(a), this.factsOf(b)];
    const aWins = factsA.priority === factsB.priority ? a < b : factsA.priority < factsB.priority;
    const [winner, loser] = aWins ? [a, b] : [b, a];
    this.winners.set(loser, winner);
    this.facts.set(winner, {
      priority: Math.min(factsA.priority, factsB.priority),
      unique: new Set([...factsA.unique, ...factsB.unique]),
      apart: new Set([...factsA.apart, ...factsB.apart]),
    });
    this.merges.push({ winner, loser, event, kind });
  }

  private refuse(kept: number, refused: number, namespace: string, event: number): void {
    const [a, b] = [this.root(kept), this.root(refused)];
    const key = `${a} ${b} ${namespace}`;
    if (this.refused.has(key)) return;
    this.refused.add(key);
    this.refusals.push({ kept: a, refused: b, namespace, event });
  }

  /**
   * Why two persons may not become one: a 'one' namespace both fill (nodes belong to one person, so two fillings are
   * two values), or an empty name when they were separated by hand.
   */
  private clash(one: number, other: number): string | undefined {
    if (one === other) return undefined;
    const [ours, theirs] = [this.factsOf(one), this.factsOf(other)];
    for (const namespace of this.rules.keys()) {
      if (ours.unique.has(namespace) && theirs.unique.has(namespace)) return namespace;
    }
    const separated = (facts: PersonFacts, from: number): boolean =>
      [...facts.apart].some((person) => this.root(person) === from);
    return separated(ours, other) || separated(theirs, one) ? '' : undefined;
  }

  private fits(claim: Claim, person: number): boolean {
    return !this.factsOf(this.root(person)).unique.has(claim.namespace);
  }

  private fitsPending(claim: Claim, pending: readonly Claim[]): boolean {
    return (
      this.rules.get(claim.namespace)!.uniqueness === 'many' ||
      !pending.some((waiting) => waiting.namespace === claim.namespace)
    );
  }

  private factsOf(person: number): PersonFacts {
    let facts = this.facts.get(person);
    if (!facts) this.facts.set(person, (facts = { priority: Infinity, unique: new Set(), apart: new Set() }));
    return facts;
  }
}
