import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, type PageQuery, readPage } from '@percorso/access';
import { canonicalJson, CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { holdUses } from '../audience/used-audiences';
import { ComputationStore } from './computation.store';
import type { ComputedTraitView, CreateComputedTrait, PutComputedTrait } from './computed-trait.dto';
import { type ComputedTraitRow, ComputedTraitStore } from './computed-trait.store';
import { computedTraitView } from './computed-trait.view';
import { inOrder } from './order-traits';
import { parseTrait } from './parse-trait';
import { refusal, type RequestedTrait, requireTrait } from './requested-trait';
import { TraitUses } from './trait-uses';

/** Computed traits of one workspace: each is asked for every person an event comes of. */
export const MOST_TRAITS = 100;
/** Not a trait where events bring it. */
const RESERVED = ['consent'];

@Injectable()
export class ComputedTraitService {
  constructor(
    private readonly database: Database,
    private readonly traits: ComputedTraitStore,
    private readonly computations: ComputationStore,
    private readonly uses: TraitUses,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, wanted: CreateComputedTrait, actor: string): Promise<ComputedTraitView> {
    const { key, description = '' } = wanted;
    const requested = requireTrait(wanted);
    if (RESERVED.includes(key)) {
      const message = 'is not the key of a trait: consent is kept apart';
      throw Problem.invalid([{ pointer: '/key', code: 'reserved', message }]);
    }
    const at = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      const there = await this.traits.find(tx, key);
      if (there?.state === 'deleting') {
        throw Problem.conflict('being-deleted', 'The trait of this key is being taken away: try again soon.');
      }
      if (there) throw Problem.conflict('taken', 'There is a computed trait of this key.');
      await this.checkOthers(tx, key, requested);
      await this.traits.insert(tx, { key, id: newId(), description, definition: requested.source, at });
      await audit(tx, actor, 'computed-trait.created', key, {}, at);
      return computedTraitView(await this.existing(tx, key));
    });
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<ComputedTraitView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPage(
        query,
        (after: { key: string } | undefined, most) => this.traits.list(tx, after?.key, most),
        ({ key }) => ({ key }),
        computedTraitView,
      ),
    );
  }

  async get(workspaceId: string, key: string): Promise<ComputedTraitView> {
    return this.database.tx(workspaceId, async (tx) => computedTraitView(await this.existing(tx, key)));
  }

  /** A different definition gets the next definition version; values follow. */
  async put(
    workspaceId: string,
    key: string,
    wanted: PutComputedTrait,
    version: number,
    actor: string,
  ): Promise<ComputedTraitView> {
    const requested = requireTrait(wanted);
    const at = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      const before = await this.locked(tx, key);
      assertVersion(version, before.version);
      const redefined = canonicalJson(requested.source) !== canonicalJson(before.definition);
      const definitionVersion = before.definitionVersion + (redefined ? 1 : 0);
      if (redefined) {
        await this.checkOthers(tx, key, requested);
        await this.traits.insertDefinition(tx, key, definitionVersion, requested.source, at);
      }
      const { description = '' } = wanted;
      await this.traits.update(tx, key, { description, definitionVersion, state: 'active' }, at);
      if (redefined) await this.computations.restart(tx, key);
      await audit(tx, actor, 'computed-trait.changed', key, { definitionVersion }, at);
      return computedTraitView(await this.existing(tx, key));
    });
  }

  /** It is kept no more; its values are taken away in the background. @throws Problem 409 while something looks at it */
  async remove(workspaceId: string, key: string, actor: string): Promise<void> {
    const at = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      const before = await this.locked(tx, key);
      const users = await this.uses.namesOf(tx, key);
      if (users.length > 0) throw Problem.conflict('in-use', `This looks at the trait: ${users.join(', ')}.`);
      await this.traits.update(tx, key, { ...before, state: 'deleting' }, at);
      await audit(tx, actor, 'computed-trait.deleted', key, {}, at);
    });
  }

  /** Together with the others it makes no circle, and is not one too many. */
  private async checkOthers(tx: Transaction, key: string, { definition }: RequestedTrait): Promise<void> {
    const rows = (await this.traits.list(tx, undefined, null)).filter((row) => row.key !== key);
    if (rows.length >= MOST_TRAITS) {
      throw Problem.conflict('too-many-traits', `A workspace has ${MOST_TRAITS} computed traits at most.`);
    }
    const others = rows.flatMap((row) => {
      const parsed = parseTrait(row.definition);
      return parsed.ok ? [{ key: row.key, definition: parsed.trait }] : [];
    });
    const { circle } = inOrder([{ key, definition }, ...others]);
    if (!circle) return;
    const message = `computed traits would look at themselves: ${circle.join(' → ')}`;
    throw refusal([{ pointer: '/definition', code: 'cycle', message }]);
  }

  private async existing(tx: Transaction, key: string): Promise<ComputedTraitRow> {
    const row = await this.traits.find(tx, key);
    if (row?.state !== 'active') throw Problem.notFound('Computed trait');
    return row;
  }

  private async locked(tx: Transaction, key: string): Promise<ComputedTraitRow> {
    const row = await this.traits.lock(tx, key);
    if (row?.state !== 'active') throw Problem.notFound('Computed trait');
    return row;
  }
}
