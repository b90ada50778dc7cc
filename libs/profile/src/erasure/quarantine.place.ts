import { Injectable } from '@nestjs/common';
import { loadNamespaces } from '@percorso/identity';
import { FIRST_ID } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { ERASED } from '../log-item';
import { ErasurePlace, OpenErasure, PlaceStep } from './erasure-place';
import { hashText, identityHash } from './identity-hash';
import { mentionsOf } from './mentions';
import { readPayload } from './named-identities';
import { tombstonesOf } from './tombstone.store';

const PAGE = 100;

/** Items set aside: those that mention the person stay as rows without content. */
@Injectable()
export class QuarantinePlace implements ErasurePlace {
  readonly name = 'quarantine';

  async step(tx: Transaction, erasure: OpenErasure, progress: unknown): Promise<PlaceStep> {
    const { after } = (progress ?? { after: FIRST_ID }) as { after: string };
    const { rows } = await tx.query<{ id: string; payload: Buffer }>(
      `SELECT id, payload FROM quarantine WHERE workspace_id = $1 AND id > $2::uuid ORDER BY id LIMIT $3`,
      [tx.workspaceId, after, PAGE],
    );
    const hashes = await tombstonesOf(tx, erasure.id);
    const namespaces = await loadNamespaces(tx);
    const found = rows.filter(({ payload }) =>
      mentionsOf(readPayload(payload), namespaces).some((claim) =>
        hashes.has(hashText(identityHash(tx.workspaceId!, claim))),
      ),
    );
    await tx.query(
      `UPDATE quarantine SET payload = '', message_id = NULL, code = $3, reason = $4, pointer = ''
       WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
      [tx.workspaceId, found.map(({ id }) => id), ERASED.code, ERASED.reason],
    );
    const last = rows.at(-1)?.id ?? after;
    return {
      count: found.length,
      state: rows.length < PAGE ? 'done' : 'more',
      progress: { after: last },
    };
  }
}
