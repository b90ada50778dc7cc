import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { LoadGate } from '@percorso/profile';
import { Database, Shards, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { resolveUsed } from '../audience/used-audiences';
import { traitKeysOf } from '../computed-trait/trait-definition';
import { TraitLoader } from '../computed-trait/trait-loader';
import { type Definition, leavesOf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { MemberFiller } from '../member/member-filler';
import { SetGuard, type SetMoment } from '../stream/set-guard';
import type { EvaluationLease } from './evaluation.store';
import { findMembers, type MemberSet } from './find-members';

export interface EvaluatedSet {
  lease: EvaluationLease;
  definition: Definition;
  members: MemberSet;
  /** Rows of members of accounts that were wrong, and are healed. */
  wrong: number;
}

/** What several evaluations of one workspace gave at one position and moment. */
export interface ComputedPass {
  moment: SetMoment;
  zone: string | undefined;
  /** The smallest first, so that few wait for many. */
  sets: EvaluatedSet[];
  /** Definitions that cannot be used, each with the reason. */
  unusable: { lease: EvaluationLease; error: Problem }[];
}

const looksAt = ({ where }: Definition, traits: ReadonlySet<string>): boolean =>
  [...leavesOf(where)].some((leaf) => traitKeysOf(leaf).some((key) => traits.has(key)));

type Usable = Pick<EvaluatedSet, 'lease' | 'definition'>;

/** Computes the sets of evaluations together: what several of them ask is looked up once. */
@Injectable()
export class SetPass {
  constructor(
    private readonly database: Database,
    private readonly shards: Shards,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly gate: LoadGate,
    private readonly audiences: AudienceStore,
    private readonly members: MemberFiller,
    private readonly guard: SetGuard,
    private readonly traits: TraitLoader,
  ) {}

  async compute(workspaceId: string, leases: readonly EvaluationLease[]): Promise<ComputedPass> {
    const { usable, unusable, zone, computed } = await this.database.tx(workspaceId, async (tx) => ({
      ...(await this.readDefinitions(tx, leases)),
      zone: await this.audiences.zone(tx),
      computed: new Set((await this.traits.versions(tx)).map(({ key }) => key)),
    }));
    const filled: (Usable & { wrong: number })[] = [];
    const done = new Set<string>();
    for (const one of usable) {
      try {
        const wrong = await this.members.fill(workspaceId, one.definition, zone, done);
        filled.push({ ...one, wrong });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        unusable.push({ lease: one.lease, error });
      }
    }
    const since = this.clock.now();
    const definitions = filled.map(({ definition }) => definition);
    // Computed traits are kept by the incremental evaluation, which may be behind what is loaded.
    const traitsPos = definitions.some((one) => looksAt(one, computed))
      ? await this.database.tx(workspaceId, (tx) => this.guard.position(tx))
      : undefined;
    return this.gate.holdLoaded(workspaceId, async ({ pos }) => {
      const asOf = this.clock.now();
      const scope = { workspaceId, now: asOf, asOfPos: pos, zone };
      const found = definitions.length > 0 ? await findMembers(this.shards, definitions, scope) : [];
      const sets = found.map((members, index) => ({ ...filled[index]!, members }));
      sets.sort((a, b) => a.members.size - b.members.size);
      return { moment: { pos, asOf, since, traitsPos }, zone, sets, unusable };
    });
  }

  private async readDefinitions(
    tx: Transaction,
    leases: readonly EvaluationLease[],
  ): Promise<{ usable: Usable[]; unusable: ComputedPass['unusable'] }> {
    const usable: Usable[] = [];
    const unusable: ComputedPass['unusable'] = [];
    for (const lease of leases) {
      try {
        usable.push({ lease, definition: await this.resolved(tx, lease) });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        unusable.push({ lease, error });
      }
    }
    return { usable, unusable };
  }

  /** The lease's definition, with the conditions of the audiences it uses. */
  private async resolved(tx: Transaction, lease: EvaluationLease): Promise<Definition> {
    const { audienceId, definitionVersion } = lease;
    const parsed = parseDefinition(await this.audiences.definition(tx, audienceId, definitionVersion));
    if (!parsed.ok)
      throw Problem.invalid(parsed.errors, 'The audience has a definition this release cannot read.');
    const resolved = await resolveUsed(tx, this.audiences, parsed.definition, audienceId);
    if (resolved.ok) return resolved.definition;
    throw Problem.invalid(resolved.errors, 'The audience uses an audience that cannot be used.');
  }
}
