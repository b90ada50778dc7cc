import { Injectable } from '@nestjs/common';

/** Tells this process that events of a workspace were applied; other processes find out by looking. */
@Injectable()
export class AppliedSignal {
  private readonly listeners = new Set<(workspaceId: string) => void>();

  applied(workspaceId: string): void {
    for (const listener of this.listeners) listener(workspaceId);
  }

  /** Returns what takes the listener away again. */
  onApplied(listener: (workspaceId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
