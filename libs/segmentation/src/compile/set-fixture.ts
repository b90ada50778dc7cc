import type { ClickHouseClient } from '@clickhouse/client';
import { startTestEngines, type TestEngines } from '@percorso/engines';
import { newId } from '@percorso/kernel';
import { connectClickHouse, migrate, Shards } from '@percorso/storage';
import type { Definition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { resolveAudiences } from '../definition/resolve-audiences';
import { findMembers } from '../evaluation/find-members';
import { OWN_LIST } from './arbitraries';
import { loadPopulation } from './population-store';
import { holds, type Subject } from './reference-evaluator';

/** The definition of a condition's JSON. */
export function definitionOf(where: object): Definition {
  const parsed = parseDefinition({ version: 1, where });
  if (!parsed.ok) throw new TypeError(JSON.stringify(parsed.errors));
  const resolved = resolveAudiences(parsed.definition, () => 'unknown-audience', OWN_LIST);
  if (!resolved.ok) throw new TypeError(JSON.stringify(resolved.errors));
  return resolved.definition;
}

export const nobody: Subject = {
  person: 0,
  traits: {},
  identities: [],
  accounts: [],
  lists: [],
  consent: {},
  events: [],
};

/** `changes` of nobody, as persons 1, 2, … */
export const people = (changes: readonly Partial<Subject>[]): Subject[] =>
  changes.map((change, index) => ({ ...nobody, ...change, person: index + 1 }));

/** For specs: populations in ClickHouse, and what compiled definitions find in them. */
export class SetFixture {
  private constructor(
    readonly engines: TestEngines,
    readonly clickhouse: ClickHouseClient,
  ) {}

  static async start(): Promise<SetFixture> {
    const engines = await startTestEngines();
    const clickhouse = connectClickHouse(engines.clickhouseUrl);
    await migrate(engines.databaseUrl, clickhouse);
    return new SetFixture(engines, clickhouse);
  }

  async stop(): Promise<void> {
    await this.clickhouse.close();
    await this.engines.stop();
  }

  async population(subjects: readonly Subject[]): Promise<Population> {
    const workspaceId = newId();
    const { asOfPos } = await loadPopulation(this.clickhouse, workspaceId, subjects);
    return new Population(this.clickhouse, workspaceId, asOfPos, subjects);
  }
}

export class Population {
  constructor(
    private readonly clickhouse: ClickHouseClient,
    readonly workspaceId: string,
    readonly asOfPos: number,
    private readonly subjects: readonly Subject[],
  ) {}

  /** Persons the compiled condition finds. */
  async found(where: object, now: Date, zone?: string): Promise<number[]> {
    const { workspaceId, asOfPos } = this;
    const scope = { workspaceId, now, asOfPos, zone };
    const [members] = await findMembers(new Shards([this.clickhouse]), [definitionOf(where)], scope);
    return [...members!.persons()];
  }

  /** Persons the plain evaluator says it holds for. */
  expected(where: object, now: Date, zone?: string): number[] {
    const definition = definitionOf(where);
    return this.subjects.flatMap((subject) =>
      holds(definition.where, subject, now.getTime(), zone) ? [subject.person] : [],
    );
  }
}
