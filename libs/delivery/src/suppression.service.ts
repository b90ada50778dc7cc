import { Inject, Injectable } from '@nestjs/common';
import { audit, type Page, type PageQuery, readPage } from '@percorso/access';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import type { CreateSuppression, SuppressionView } from './suppression.dto';
import {
  addSuppressions,
  comparableAddress,
  listSuppressions,
  storedForms,
  type SuppressedAddress,
  type Suppression,
} from './suppression.store';

const NOTHING_LEFT = {
  pointer: '/address',
  code: 'blank',
  message: 'The address has nothing by which it could be compared.',
};

/** Addresses that nothing may be sent to, as admins see and edit them. */
@Injectable()
export class SuppressionService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(workspaceId: string, query: PageQuery): Promise<Page<SuppressionView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPage(
        query,
        (after: SuppressedAddress | undefined, most) => listSuppressions(tx, after, most),
        ({ channel, address }) => ({ channel, address }),
      ),
    );
  }

  create(workspaceId: string, actor: string, body: CreateSuppression): Promise<SuppressionView> {
    const address = comparableAddress(body.channel, body.address);
    if (address === '') throw Problem.invalid([NOTHING_LEFT]);
    const suppression: Suppression = {
      channel: body.channel,
      address,
      reason: body.reason,
      source: actor,
      at: this.clock.now(),
    };
    return this.database.tx(workspaceId, async (tx) => {
      if ((await addSuppressions(tx, [suppression])) === 0) {
        throw Problem.conflict('suppression-exists', 'The address is suppressed on this channel.');
      }
      await audit(tx, actor, 'suppression.create', body.channel);
      return suppression;
    });
  }

  remove(workspaceId: string, actor: string, channel: string, address: string): Promise<void> {
    return this.database.tx(workspaceId, async (tx) => {
      const { rowCount } = await tx.query(
        'DELETE FROM suppression WHERE workspace_id = $1 AND channel = $2 AND address = ANY($3::text[])',
        [workspaceId, channel, [address, ...(await storedForms(tx, channel, [address])).keys()]],
      );
      if (!rowCount) throw Problem.notFound('Suppression');
      await audit(tx, actor, 'suppression.delete', channel);
    });
  }
}
