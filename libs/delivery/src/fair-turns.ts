/**
 * Deficit round robin over members whose cost is known only after they were served: each has credit and pays afterwards;
 * who comes up in debt gets another quantum and waits another round.
 */
class CreditRing {
  private readonly waiting: string[] = [];
  private readonly credits = new Map<string, number>();

  constructor(private readonly quantum: number) {}

  get size(): number {
    return this.waiting.length;
  }

  add(key: string): void {
    this.waiting.push(key);
  }

  /** Takes the next that `can` be served out of the ring. */
  take(can: (key: string) => boolean): string | undefined {
    if (!this.waiting.some(can)) return undefined;
    for (;;) {
      const key = this.waiting.shift()!;
      const credit = this.credit(key);
      if (can(key) && credit > 0) return key;
      if (can(key)) this.credits.set(key, credit + this.quantum);
      this.waiting.push(key);
    }
  }

  charge(key: string, cost: number): void {
    this.credits.set(key, this.credit(key) - cost);
  }

  /** Who leaves keeps its debt, and no credit. */
  leave(key: string): void {
    if (this.credit(key) >= 0) this.credits.delete(key);
  }

  private credit(key: string): number {
    return this.credits.get(key) ?? this.quantum;
  }
}

export interface Turn {
  workspaceId: string;
  connectorId: string;
}

/** Rows that a workspace, and a connector within it, may have delivered each round; who took more sits rounds out. */
const QUANTUM = 100;

/** Whose turn it is: workspaces share turns by rows, and within one its connectors do. */
export class FairTurns {
  private readonly workspaces = new CreditRing(QUANTUM);
  private readonly connectors = new Map<string, CreditRing>();

  /** Has a connector wait for a turn; not twice at a time. */
  add({ workspaceId, connectorId }: Turn): void {
    const ring = this.connectors.get(workspaceId) ?? new CreditRing(QUANTUM);
    this.connectors.set(workspaceId, ring);
    if (ring.size === 0) this.workspaces.add(workspaceId);
    ring.add(connectorId);
  }

  /** The next turn, of a workspace that `can` have one. */
  next(can: (workspaceId: string) => boolean): Turn | undefined {
    const workspaceId = this.workspaces.take(can);
    if (workspaceId === undefined) return undefined;
    const ring = this.connectors.get(workspaceId)!;
    const connectorId = ring.take(() => true)!;
    if (ring.size > 0) this.workspaces.add(workspaceId);
    return { workspaceId, connectorId };
  }

  /** What a turn cost, in rows. */
  charge({ workspaceId, connectorId }: Turn, rows: number): void {
    this.workspaces.charge(workspaceId, rows);
    this.connectors.get(workspaceId)?.charge(connectorId, rows);
  }

  /** The connector has nothing left to do. */
  leave({ workspaceId, connectorId }: Turn): void {
    this.connectors.get(workspaceId)?.leave(connectorId);
    if (this.connectors.get(workspaceId)?.size === 0) this.workspaces.leave(workspaceId);
  }
}
