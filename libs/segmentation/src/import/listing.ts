import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { WakeStore } from '../stream/wake.store';
import { ImportStore } from './import.store';

/** A person to be put on an audience's uploaded list, or taken off. */
export interface ListChange {
  audienceId: string;
  person: number;
  op: 'add' | 'remove';
}

/** Changes uploaded lists by single persons, where no file is uploaded. */
@Injectable()
export class Listing {
  constructor(
    private readonly imports: ImportStore,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
  ) {}

  /**
   * In this order: a person is listed by the identity seen first, and taken off by all it has. Memberships follow as the
   * persons are woken. Keep transactions short that do this: evaluation waits for them.
   */
  async change(tx: Transaction, changes: readonly ListChange[], now: Date): Promise<void> {
    if (changes.length === 0) return;
    await this.cursors.hold(tx);
    const importId = newId();
    const woken = new Set<number>();
    for (const { audienceId, person, op } of changes) {
      const nodes = await this.imports.nodesOfPerson(tx, person);
      if (op === 'add') await this.imports.add(tx, audienceId, importId, nodes.slice(0, 1));
      else
        await this.imports.remove(
          tx,
          audienceId,
          nodes.map(({ node }) => node),
        );
      woken.add(person);
    }
    await this.wakes.wake(tx, [...woken], { kind: 'import', importId }, now);
    await this.cursors.wakeBy(tx, now);
  }
}
