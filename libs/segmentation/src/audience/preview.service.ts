import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '@percorso/kernel';
import { LoadGate } from '@percorso/profile';
import { Database, Shards } from '@percorso/storage';
import { findMembers } from '../evaluation/find-members';
import type { PreviewAudience, PreviewView } from './audience.dto';
import { AudienceStore } from './audience.store';
import { requireDefinition } from './requested-definition';
import { resolveUsed } from './used-audiences';

/** What a definition would give now, by the same queries an evaluation runs; nothing is kept. */
@Injectable()
export class PreviewService {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly audiences: AudienceStore,
  ) {}

  async preview(
    workspaceId: string,
    wanted: Pick<PreviewAudience, 'definition' | 'text' | 'sample'>,
  ): Promise<PreviewView> {
    const requested = requireDefinition(wanted);
    const { resolved, zone } = await this.database.tx(workspaceId, async (tx) => ({
      resolved: await resolveUsed(tx, this.audiences, requested.written),
      zone: await this.audiences.zone(tx),
    }));
    if (!resolved.ok) throw requested.refuse(resolved.errors);
    const found = await this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const at = this.clock.now();
      const scope = { workspaceId, now: at, asOfPos: pos, zone };
      const [members] = await findMembers(this.shards, [resolved.definition], scope);
      return { asOf: { pos, at }, count: members!.size, persons: [...members!.persons(wanted.sample)] };
    });
    const sample = await this.database.tx(workspaceId, (tx) => this.audiences.profileIds(tx, found.persons));
    return { count: found.count, asOf: found.asOf, sample };
  }
}
