import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Business time of the hubs that are given it: the machine's time and what it was moved forward by. */
export class HubClock {
  /** The hub with nothing else about it changed. */
  readonly main = join(__dirname, '..', '..', 'apps', 'hub', 'dist', 'testing', 'main-on-a-clock.js');
  private ahead = 0;

  /** @param file where hubs read it; a folder of its own must hold it */
  constructor(private readonly file: string) {
    this.write();
  }

  get env(): NodeJS.ProcessEnv {
    return { PERCORSO_AHEAD_FILE: this.file };
  }

  /** Unix milliseconds. */
  now(): number {
    return Date.now() + this.ahead;
  }

  /** It is then, or a moment later, in every hub at once. */
  moveTo(instant: number): void {
    if (instant < this.now()) throw new RangeError('A clock does not go back');
    this.ahead = instant - Date.now();
    this.write();
  }

  private write(): void {
    // At once: nobody reads half a number.
    writeFileSync(`${this.file}.next`, String(this.ahead));
    renameSync(`${this.file}.next`, this.file);
  }
}
