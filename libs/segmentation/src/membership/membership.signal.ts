import { Injectable } from '@nestjs/common';

/** Tells the sequencer of this process that deltas wait; those of other processes are found by looking. */
@Injectable()
export class MembershipSignal {
  private readonly listeners = new Set<(workspaceId: string) => void>();

  changed(workspaceId: string): void {
    for (const listener of this.listeners) listener(workspaceId);
  }

  onChanged(listener: (workspaceId: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
