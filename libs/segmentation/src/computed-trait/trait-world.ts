import { type ProfileDocument, ProfileReader } from '@percorso/profile';
import { EvaluationStore } from '../evaluation/evaluation.store';
import { Evaluator } from '../evaluation/evaluator';
import type { StreamWorld } from '../stream/stream-world';
import { ComputationStore } from './computation.store';
import type { ComputedTraitView } from './computed-trait.dto';
import { ComputedTraitService } from './computed-trait.service';
import { ComputedTraitStore } from './computed-trait.store';
import { TraitComputer } from './trait-computer';

/** For specs: computed traits in a world that is moved by hand. */
export class TraitWorld {
  constructor(readonly world: StreamWorld) {}

  define(key: string, definition: object | string): Promise<ComputedTraitView> {
    const body = typeof definition === 'string' ? { text: definition } : { definition };
    return this.service.create(this.world.workspaceId, { key, ...body }, 'spec');
  }

  redefine(key: string, definition: object | string): Promise<ComputedTraitView> {
    const body = typeof definition === 'string' ? { text: definition } : { definition };
    return this.service.put(this.world.workspaceId, key, body, -1, 'spec');
  }

  remove(key: string): Promise<void> {
    return this.service.remove(this.world.workspaceId, key, 'spec');
  }

  get(key: string): Promise<ComputedTraitView> {
    return this.service.get(this.world.workspaceId, key);
  }

  /** As the workers do: everything that waits, until nothing does, the evaluations that follow among it. */
  async work(): Promise<void> {
    const { workspaceId, database } = this.world;
    for (let busy = true; busy;) {
      const { waiting, deleting, evaluations } = await database.tx(workspaceId, async (tx) => ({
        waiting: await this.world.get(ComputationStore).waiting(tx),
        deleting: await this.world.get(ComputedTraitStore).deleting(tx),
        evaluations: await this.world.get(EvaluationStore).waiting(tx),
      }));
      for (const key of waiting) await this.world.get(TraitComputer).compute(workspaceId, key);
      for (const key of deleting) await this.world.get(TraitComputer).remove(workspaceId, key);
      for (const id of evaluations) await this.world.get(Evaluator).evaluate(workspaceId, id);
      await this.world.stream();
      busy = waiting.length + deleting.length + evaluations.length > 0;
    }
  }

  /** Hold all traits against their sets; the values that were wrong. */
  async check(): Promise<number> {
    const { workspaceId, database, clock } = this.world;
    clock.advance(1);
    await this.world.stream();
    const overdue = new Date(clock.now().getTime() + 1);
    await database.tx(workspaceId, (tx) => this.world.get(ComputationStore).askOverdue(tx, overdue, 100));
    await this.work();
    const { data } = await this.service.list(workspaceId, { limit: 100 });
    return data.reduce((sum, { drift }) => sum + (drift ?? NaN), 0);
  }

  /** Documents of all live persons, by the user id they have, or their number. */
  async profiles(): Promise<Map<string | number, ProfileDocument>> {
    const { workspaceId, database } = this.world;
    const documents = await database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ person: number }>(
        `SELECT person FROM profile WHERE workspace_id = $1 AND state = 'active'`,
        [workspaceId],
      );
      return this.world.get(ProfileReader).documents(
        tx,
        rows.map(({ person }) => person),
      );
    });
    return new Map([...documents.values()].map((one) => [one.identities.user_id?.[0] ?? one.person, one]));
  }

  async traitsOf(who: string): Promise<Record<string, unknown>> {
    return (await this.profiles()).get(who)?.traits ?? {};
  }

  private get service(): ComputedTraitService {
    return this.world.get(ComputedTraitService);
  }
}
