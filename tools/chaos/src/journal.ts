import { closeSync, openSync, writeSync } from 'node:fs';
import type { Call } from '@percorso/demo';

export interface Acknowledged {
  /** Milliseconds since 1970. */
  at: number;
  call: Call;
}

/** What the hub answered for with 2xx, in the order of the answers, on disk and at hand. */
export class AcknowledgedJournal {
  readonly entries: Acknowledged[] = [];
  private readonly fd: number;

  constructor(file: string) {
    this.fd = openSync(file, 'w');
  }

  add(calls: readonly Call[], at = Date.now()): void {
    const entries = calls.map((call) => ({ at, call }));
    writeSync(this.fd, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    this.entries.push(...entries);
  }

  close(): void {
    closeSync(this.fd);
  }
}
