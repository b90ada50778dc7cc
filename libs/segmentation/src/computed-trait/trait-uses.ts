import { Injectable } from '@nestjs/common';
import { newId } from '@percorso/kernel';
import type { Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { leavesOf } from '../definition/definition';
import { EvaluationStore } from '../evaluation/evaluation.store';
import type { Plan } from '../stream/plan';
import { PlanLoader } from '../stream/plan-loader';
import { ComputationStore } from './computation.store';
import { keysOf, usersOf } from './order-traits';
import { traitKeysOf } from './trait-definition';

/** Who looks at computed traits. */
@Injectable()
export class TraitUses {
  constructor(
    private readonly plans: PlanLoader,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationStore,
    private readonly computations: ComputationStore,
  ) {}

  /** What looks at a trait itself, for people: keys of computed traits and names of audiences. */
  async namesOf(tx: Transaction, key: string): Promise<string[]> {
    const plan = await this.plans.load(tx);
    const traits = plan.traits.filter((trait) => trait.key !== key && keysOf(trait).includes(key));
    const audiences = await this.audiences.definitions(tx, audiencesOn(plan, [key]));
    return [
      ...traits.map((trait) => `the computed trait ${trait.key}`),
      ...audiences.map(({ name }) => name),
    ];
  }

  /** Have what looks at a trait computed anew: its values came as a set, not by events. @returns evaluations */
  async follow(tx: Transaction, key: string, at: Date): Promise<string[]> {
    const plan = await this.plans.load(tx);
    const traits = usersOf(plan.traits, [key]);
    await this.computations.ask(tx, traits);
    const asked: string[] = [];
    for (const audienceId of audiencesOn(plan, [key, ...traits]).sort()) {
      const row = await this.evaluations.insert(tx, { id: newId(), audienceId, at, cause: 'trait' });
      if (row) asked.push(row.id);
    }
    return asked;
  }
}

/** Audiences that look at one of some traits, by themselves or through audiences they use. */
const audiencesOn = (plan: Plan, keys: readonly string[]): string[] =>
  plan.programs
    .filter(({ audience }) =>
      [...leavesOf(audience.where)].some((leaf) => traitKeysOf(leaf).some((key) => keys.includes(key))),
    )
    .map(({ audience }) => audience.id);
