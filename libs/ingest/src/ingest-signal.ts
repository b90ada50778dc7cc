import { Injectable } from '@nestjs/common';

/** Events of `workspaceId` up to `head` are committed and wait to be applied. */
export interface Accepted {
  workspaceId: string;
  partition: number;
  head: number;
}

type Listener = (accepted: Accepted) => void;

/** Wakes this process's applier at once; appliers elsewhere find the work by looking. */
@Injectable()
export class IngestSignal {
  private readonly listeners = new Set<Listener>();

  /** Returns what takes the listener away again. */
  onAccepted(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  accepted(accepted: Accepted): void {
    for (const listener of this.listeners) listener(accepted);
  }
}
