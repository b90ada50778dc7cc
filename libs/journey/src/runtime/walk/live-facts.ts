import { Injectable } from '@nestjs/common';
import { type ProfileDocument, ProfileReader } from '@percorso/profile';
import { PersonConditions } from '@percorso/segmentation';
import { Database, type Transaction } from '@percorso/storage';
import type { AskedCondition, FactSource } from './fact-finder';

/** Persons whose events are in memory together. */
const AT_ONCE = 100;

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
      holds: (asked) => this.database.tx(workspaceId, (tx) => this.holds(tx, asked)),
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

  /** Of each condition some persons at a time: all events that it looks at are read of them. */
  private async holds(tx: Transaction, asked: readonly AskedCondition[]): Promise<boolean[]> {
    const answers = new Array<boolean>(asked.length);
    const places = new Map<AskedCondition['condition'], number[]>();
    asked.forEach(({ condition }, place) => {
      const known = places.get(condition);
      if (known) known.push(place);
      else places.set(condition, [place]);
    });
    for (const all of places.values()) {
      for (let from = 0; from < all.length; from += AT_ONCE) {
        const some = all.slice(from, from + AT_ONCE);
        const told = await this.conditions.holds(
          tx,
          some.map((place) => ({ ...asked[place]!, at: new Date(asked[place]!.at) })),
        );
        some.forEach((place, index) => (answers[place] = told[index]!));
      }
    }
    return answers;
  }
}
