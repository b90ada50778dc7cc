import { Injectable } from '@nestjs/common';
import type { ItemType } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { EventArchive } from './archive/event-archive';
import { plainConsent } from './consent';
import { flatten } from './flatten';
import { addSaying, countedTraits, emptyFragment } from './fragment';
import { policyRow, ranksOf } from './merge-policy/merge-policy.store';
import { ProfileReader, ProfileValues } from './profile.reader';
import { plainTraits } from './said-trait';
import { type SaidItem, sayingOf } from './sayings';

interface SaidRow {
  person: number;
  pos: string | number;
  type: string;
  name: string;
  sourceId: string;
  occurredAt: Date;
  properties: Record<string, unknown>;
  context: Record<string, unknown>;
}

/** Profiles as they were, told again from the events that had come by then. */
@Injectable()
export class ProfileHistory {
  constructor(
    private readonly reader: ProfileReader,
    private readonly archive: EventArchive,
  ) {}

  /**
   * What conditions look at of those of `persons` that live, by what had been received until a moment; their identities
   * and accounts are today's.
   * @throws Problem 503 when there are older events that ClickHouse does not give
   */
  async values(
    tx: Transaction,
    persons: readonly number[],
    until: Date,
  ): Promise<Map<number, ProfileValues>> {
    const today = await this.reader.values(tx, persons, { identities: true, accounts: true });
    const said = await this.said(tx, [...today.keys()], until);
    const { policy } = await policyRow(tx, until);
    const ranks = await ranksOf(tx, policy);
    const fragments = new Map([...today.keys()].map((person) => [person, emptyFragment(until)]));
    for (const row of said) addSaying(fragments.get(row.person)!, sayingOf(itemOf(row)));
    return new Map(
      [...today].map(([person, values]) => {
        const { traits, consent } = fragments.get(person)!;
        const counted = flatten(plainTraits(countedTraits(traits, ranks)));
        return [person, { ...values, traits: counted, consent: plainConsent(consent) }];
      }),
    );
  }

  /** In the order of the log. */
  private async said(tx: Transaction, persons: readonly number[], until: Date): Promise<SaidRow[]> {
    const edge = await this.archive.edge(tx);
    const [older, recent] = await Promise.all([
      this.archive.events(tx, edge, persons, { receivedBy: until }),
      tx.query<SaidRow>(
        `SELECT n.person, e.pos, e.type, e.name, e.source_id AS "sourceId", e.occurred_at AS "occurredAt", e.properties,
           e.context
         FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
         WHERE n.workspace_id = $1 AND n.person = ANY($2::int[]) AND e.received_at <= $3 AND e.pos > $4 ORDER BY e.pos`,
        [tx.workspaceId, persons, until, edge.pos],
      ),
    ]);
    return [...older.sort((a, b) => a.pos - b.pos), ...recent.rows];
  }
}

function itemOf({ pos, type, name, sourceId, occurredAt, properties, context }: SaidRow): SaidItem {
  const traits = type === 'identify' ? properties : undefined;
  const groupId = typeof properties.groupId === 'string' ? properties.groupId : undefined;
  const item = {
    type: type as ItemType,
    event: name,
    traits,
    properties,
    context,
    groupId,
    timestamp: occurredAt,
  };
  return { sourceId, pos: Number(pos), item };
}
