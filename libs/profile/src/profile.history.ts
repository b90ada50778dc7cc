import { Injectable } from '@nestjs/common';
import type { ItemType } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { plainConsent } from './consent';
import { flatten } from './flatten';
import { addSaying, countedTraits, emptyFragment } from './fragment';
import { policyRow, ranksOf } from './merge-policy/merge-policy.store';
import { ProfileReader, ProfileValues } from './profile.reader';
import { plainTraits } from './said-trait';
import { sayingOf } from './sayings';

interface SaidRow {
  pos: string;
  type: ItemType;
  name: string;
  sourceId: string;
  occurredAt: Date;
  properties: Record<string, unknown>;
  context: Record<string, unknown>;
}

/** Profiles as they were, told again from the events that had come by then. */
@Injectable()
export class ProfileHistory {
  constructor(private readonly reader: ProfileReader) {}

  /** What conditions look at of a live person, by what had been received until a moment; its identities and accounts are today's. */
  async values(tx: Transaction, person: number, until: Date): Promise<ProfileValues | undefined> {
    const today = (await this.reader.values(tx, [person], { identities: true, accounts: true })).get(person);
    if (!today) return undefined;
    const { rows } = await tx.query<SaidRow>(
      `SELECT e.pos, e.type, e.name, e.source_id AS "sourceId", e.occurred_at AS "occurredAt", e.properties, e.context
       FROM identity_node n JOIN event e ON e.workspace_id = n.workspace_id AND e.node = n.node
       WHERE n.workspace_id = $1 AND n.person = $2 AND e.received_at <= $3 ORDER BY e.pos`,
      [tx.workspaceId, person, until],
    );
    const fragment = emptyFragment(until);
    for (const { pos, type, name, sourceId, occurredAt, properties, context } of rows) {
      const traits = type === 'identify' ? properties : undefined;
      const groupId = typeof properties.groupId === 'string' ? properties.groupId : undefined;
      const item = { type, event: name, traits, properties, context, groupId, timestamp: occurredAt };
      addSaying(fragment, sayingOf({ sourceId, pos: Number(pos), item }));
    }
    const { policy } = await policyRow(tx, until);
    const counted = countedTraits(fragment.traits, await ranksOf(tx, policy));
    return {
      ...today,
      traits: flatten(plainTraits(counted)),
      consent: plainConsent(fragment.consent),
    };
  }
}
