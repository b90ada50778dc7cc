import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, PageQuery, readPage, readPageById } from '@percorso/access';
import { CLOCK, type Clock, FIRST_ID, isId, newId, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { holdUsageRules, usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { diffVersions } from './mapping-diff';
import { exampleBinding, exampleDifferences, exampleMistakes } from './mapping-examples';
import {
  CreateMapping,
  MappingDiff,
  MappingVersionView,
  MappingView,
  ReplaceMapping,
  ValidationView,
  VersionsCompared,
} from './mapping.dto';
import {
  findMapping,
  findSavedVersion,
  insertMapping,
  insertMappingVersion,
  listMappings,
  listVersions,
  type MappingContent,
  type SavedVersion,
} from './mapping.store';
import { UsageCheck } from './usage-check';
import { syncsOfMapping } from './usage.store';

/** Expressions that make profiles into what a connector takes: versioned, checked when saved, tried before used. */
@Injectable()
export class MappingService {
  constructor(
    private readonly database: Database,
    private readonly runner: MappingRunner,
    private readonly usage: UsageCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateMapping): Promise<MappingView> {
    const { expression, required, examples = [] } = dto;
    await this.assertCompiles(expression);
    await this.assertExamples({ expression, required, examples });
    const id = newId();
    return this.database.tx(workspaceId, async (tx) => {
      await insertMapping(tx, { ...dto, id, examples }, this.clock.now());
      await audit(tx, actor, 'mapping.create', id, { name: dto.name });
      return (await findMapping(tx, id)) as MappingView;
    });
  }

  async get(workspaceId: string, id: string): Promise<MappingView> {
    const mapping = isId(id) ? await this.database.tx(workspaceId, (tx) => findMapping(tx, id)) : undefined;
    if (!mapping) throw Problem.notFound('Mapping');
    return mapping;
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<MappingView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, (after = FIRST_ID, most) => listMappings(tx, after, most)),
    );
  }

  /** A new version of the expression; syncs use it from their next run on. */
  async replace(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    dto: ReplaceMapping,
  ): Promise<MappingView> {
    const before = await this.get(workspaceId, id);
    const content = { ...dto, examples: dto.examples ?? before.examples };
    return this.save(workspaceId, actor, before, expected, content, 'mapping.replace');
  }

  versions(workspaceId: string, id: string, query: PageQuery): Promise<Page<MappingVersionView>> {
    return this.database.tx(workspaceId, async (tx) => {
      if (!isId(id) || !(await findMapping(tx, id))) throw Problem.notFound('Mapping');
      return readPage(
        query,
        (before: { version: number } | undefined, most) =>
          listVersions(tx, id, before?.version ?? NEWEST, most),
        ({ version }) => ({ version }),
      );
    });
  }

  version(workspaceId: string, id: string, version: number): Promise<MappingVersionView> {
    return this.database.tx(workspaceId, async (tx) => requireVersion(tx, id, version));
  }

  /** What changed between two versions; from the one before, to the newest, unless said otherwise. */
  async diff(workspaceId: string, id: string, { from, to }: VersionsCompared): Promise<MappingDiff> {
    const { current } = await this.get(workspaceId, id);
    const last = to ?? current;
    const first = from ?? Math.max(1, last - 1);
    return this.database.tx(workspaceId, async (tx) =>
      diffVersions(await requireVersion(tx, id, first), await requireVersion(tx, id, last)),
    );
  }

  /** A version of before, with its examples, as a new one. */
  async rollback(
    workspaceId: string,
    actor: string,
    id: string,
    expected: number,
    version: number,
  ): Promise<MappingView> {
    const mapping = await this.get(workspaceId, id);
    const content = await this.database.tx(workspaceId, (tx) => requireVersion(tx, id, version));
    return this.save(workspaceId, actor, mapping, expected, content, 'mapping.rollback');
  }

  async validate(expression: string): Promise<ValidationView> {
    const result = await this.runner.compileCheck(expression);
    if (result.valid) return { valid: true, errors: [] };
    const errors = result.errors.map((error) => ({
      pointer: '/expression',
      ...error,
      ...placeOf(expression, error.position),
    }));
    return { valid: false, errors };
  }

  private async save(
    workspaceId: string,
    actor: string,
    { id, version }: MappingView,
    expected: number,
    content: MappingContent,
    action: 'mapping.replace' | 'mapping.rollback',
  ): Promise<MappingView> {
    assertVersion(expected, version);
    await this.assertCompiles(content.expression);
    await this.assertExamples(content);
    await this.usage.prepare([{ expression: content.expression, pointer: '/expression' }]);
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ current: number; version: number }>(
        'SELECT current, version::int AS version FROM mapping WHERE workspace_id = $1 AND id = $2 FOR UPDATE',
        [workspaceId, id],
      );
      const [row] = rows;
      if (!row) throw Problem.notFound('Mapping');
      assertVersion(version, row.version);
      await this.assertAllowed(tx, id, content.expression);
      const now = this.clock.now();
      await insertMappingVersion(tx, { ...content, id }, row.current + 1, now);
      await tx.query(
        `UPDATE mapping SET current = current + 1, version = version + 1, updated_at = $3 WHERE workspace_id = $1 AND id = $2`,
        [workspaceId, id, now],
      );
      await audit(tx, actor, action, id, { current: row.current + 1 });
      return (await findMapping(tx, id)) as MappingView;
    });
  }

  /** @throws Problem 422 with every place where an example comes out otherwise */
  private async assertExamples({ expression, required, examples }: MappingContent): Promise<void> {
    const mistakes = exampleMistakes(examples);
    if (mistakes.length > 0) throw Problem.invalid(mistakes);
    if (examples.length === 0) return;
    const results = await this.runner.run(
      expression,
      examples.map(({ input }) => input),
      { bindings: examples.map(exampleBinding) },
    );
    const broken = exampleDifferences(examples, results, required);
    if (broken.length > 0) {
      throw Problem.invalid(
        broken,
        'Golden examples come out otherwise; mend the mapping, or change them with it.',
      );
    }
  }

  /** Every sync that uses the mapping must be allowed to do so with this expression. @throws Problem 422 */
  private async assertAllowed(tx: Transaction, id: string, expression: string): Promise<void> {
    await holdUsageRules(tx);
    for (const sync of await syncsOfMapping(tx, id)) {
      const { violations } = await this.usage.check(tx, sync, [{ expression, pointer: '/expression' }]);
      const own = violations.filter(({ pointer }) => pointer === '/expression');
      if (own.length > 0) {
        const detail = `The sync ${JSON.stringify(sync.name)} (${sync.id}) would break usage policies.`;
        throw usageProblem(own, 422, detail);
      }
    }
  }

  private async assertCompiles(expression: string): Promise<void> {
    const { valid, errors } = await this.validate(expression);
    if (!valid) throw Problem.invalid(errors, 'The expression does not compile.');
  }
}

/** Above every version there is. */
const NEWEST = 2_147_483_647;

async function requireVersion(tx: Transaction, id: string, version: number): Promise<SavedVersion> {
  const saved = isId(id) ? await findSavedVersion(tx, id, version) : undefined;
  if (!saved) throw Problem.notFound('Mapping version');
  return saved;
}

/** Line and column, from 1, of an offset. */
function placeOf(text: string, position: number | undefined): { line?: number; column?: number } {
  if (position === undefined) return {};
  const before = text.slice(0, position).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
