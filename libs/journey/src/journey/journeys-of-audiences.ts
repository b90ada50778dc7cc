import { Injectable } from '@nestjs/common';
import type { AudienceUser } from '@percorso/segmentation';
import type { Transaction } from '@percorso/storage';
import { ReferenceStore } from './reference.store';

/** Which journeys would go on with an audience that changes no more. */
@Injectable()
export class JourneysOfAudiences implements AudienceUser {
  constructor(private readonly references: ReferenceStore) {}

  async usersOf(tx: Transaction, audienceId: string): Promise<string[]> {
    const naming = await this.references.liveMentioning(tx, audienceId);
    return naming.map(({ id, name }) => `journey "${name}" (${id})`);
  }
}
