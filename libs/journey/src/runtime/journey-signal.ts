import { Injectable } from '@nestjs/common';

/** Tells this process that journeys have something to take up; other processes find out by looking. */
@Injectable()
export class JourneySignal {
  private readonly listeners = new Set<() => void>();

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Returns what takes the listener away again. */
  onChanged(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
