import { Injectable } from '@nestjs/common';
import { type ProfileDocument, ProfileReader } from '@percorso/profile';
import { PersonConditions } from '@percorso/segmentation';
import { Database } from '@percorso/storage';
import type { AskedCondition, FactSource } from './fact-finder';

/** Finds facts in the database as it is, documents once a turn. */
@Injectable()
export class LiveFacts {
  constructor(
    private readonly database: Database,
    private readonly conditions: PersonConditions,
    private readonly profiles: ProfileReader,
  ) {}

  /** For one turn. */
  of(workspaceId: string): FactSource {
    const known = new Map<number, ProfileDocument | undefined>();
    return {
      holds: (asked: readonly AskedCondition[]) =>
        this.database.tx(workspaceId, (tx) =>
          this.conditions.holds(
            tx,
            asked.map((one) => ({ ...one, at: new Date(one.at) })),
          ),
        ),
      documents: async (asked) => {
        const missing = [...new Set(asked.map(({ person }) => person))].filter((one) => !known.has(one));
        if (missing.length > 0) {
          const found = await this.database.tx(workspaceId, (tx) => this.profiles.documents(tx, missing));
          for (const person of missing) known.set(person, found.get(person));
        }
        return asked.map(({ person }) => known.get(person));
      },
    };
  }
}
