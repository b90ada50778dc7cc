import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 500;
/** Without a delivery for so long the hub is taken for not recovered yet. */
const QUIET_MS = 10_000;
/** Longer it is not spared. */
const SPARED_MS = 60_000;

/**
 * Whether anything is delivered: the targets' journals grow. A machine with little time to give needs more of it to start a
 * process again; killed whenever it is up, a hub would prove nothing.
 */
export class Pulse {
  private size = 0;
  private at = Date.now();
  private readonly looking = setInterval(() => this.look(), LOOK_MS);

  constructor(private readonly journals: readonly string[]) {}

  /** Resolves at once while there were deliveries of late, else with the next one, or after a minute. */
  async felt(): Promise<void> {
    const end = Date.now() + SPARED_MS;
    while (Date.now() - this.at > QUIET_MS && Date.now() < end) await sleep(LOOK_MS);
  }

  stop(): void {
    clearInterval(this.looking);
  }

  private look(): void {
    const size = this.journals.reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
    if (size === this.size) return;
    this.size = size;
    this.at = Date.now();
  }
}
