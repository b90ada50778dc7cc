import { Inject, Injectable } from '@nestjs/common';
import {
  assertVersion,
  audit,
  decodeCursor,
  encodeCursor,
  type Page,
  pageOf,
  PageQuery,
} from '@percorso/access';
import { CLOCK, type Clock, isId, newId, Problem } from '@percorso/kernel';
import { MappingRunner } from '@percorso/mapping';
import { holdUsageRules, ProfileReader, usageProblem } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import { inputDocument } from './input-document';
import {
  CreateMapping,
  MappingView,
  ReplaceMapping,
  TryMapping,
  TryView,
  ValidationView,
} from './mapping.dto';
import { findMapping, insertMapping, insertMappingVersion, listMappings } from './mapping.store';
import { UsageCheck } from './usage-check';
import { syncsOfMapping } from './usage.store';

const FIRST = '00000000-0000-0000-0000-000000000000';

/** Expressions that make profiles into what a connector takes: versioned, checked when saved, tried before used. */
@Injectable()
export class MappingService {
  constructor(
    private readonly database: Database,
    private readonly runner: MappingRunner,
    private readonly profiles: ProfileReader,
    private readonly usage: UsageCheck,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, actor: string, dto: CreateMapping): Promise<MappingView> {
    await this.assertCompiles(dto.expression);
    const id = newId();
    return this.database.tx(workspaceId, async (tx) => {
      await insertMapping(tx, { id, ...dto }, this.clock.now());
      await audit(tx, actor, 'mapping.create', id, { name: dto.name });
      return (await findMapping(tx, id)) as MappingView;
    });
  }

  async get(workspaceId: string, id: string): Promise<MappingView> {
    const mapping = isId(id) ? await this.database.tx(workspaceId, (tx) => findMapping(tx, id)) : undefined;
    if (!mapping) throw Problem.notFound('Mapping');
    return mapping;
  }

  list(workspaceId: string, { cursor, limit }: PageQuery): Promise<Page<MappingView>> {
    const after = cursor === undefined ? FIRST : decodeCursor<{ id: string }>(cursor).id;
    return this.database.tx(workspaceId, async (tx) =>
      pageOf(
        await listMappings(tx, after, limit + 1),
        limit,
        (row) => row,
        ({ id }) => encodeCursor({ id }),
      ),
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
    await this.assertCompiles(dto.expression);
    await this.usage.prepare([{ expression: dto.expression, pointer: '/expression' }]);
    await this.get(workspaceId, id);
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ current: number; version: number }>(
        'SELECT current, version::int AS version FROM mapping WHERE workspace_id = $1 AND id = $2 FOR UPDATE',
        [workspaceId, id],
      );
      const [row] = rows;
      if (!row) throw Problem.notFound('Mapping');
      assertVersion(expected, row.version);
      await this.assertAllowed(tx, id, dto.expression);
      const now = this.clock.now();
      await insertMappingVersion(tx, { id, ...dto }, row.current + 1, now);
      await tx.query(
        `UPDATE mapping SET current = current + 1, version = version + 1, updated_at = $3 WHERE workspace_id = $1 AND id = $2`,
        [workspaceId, id, now],
      );
      await audit(tx, actor, 'mapping.replace', id, { current: row.current + 1 });
      return (await findMapping(tx, id)) as MappingView;
    });
  }

  async validate(expression: string): Promise<ValidationView> {
    const result = await this.runner.compileCheck(expression);
    if (result.valid) return { valid: true, errors: [] };
    return { valid: false, errors: result.errors.map((error) => ({ pointer: '/expression', ...error })) };
  }

  async try(workspaceId: string, dto: TryMapping): Promise<TryView> {
    const expression = dto.mappingId
      ? (await this.get(workspaceId, dto.mappingId)).expression
      : dto.expression;
    if (expression === undefined) {
      throw Problem.invalid([
        { pointer: '/expression', code: 'required', message: 'Give an expression or a mappingId.' },
      ]);
    }
    const profiles = await this.inputs(workspaceId, dto.profileIds);
    const found = profiles.filter((document) => document !== undefined);
    const results = await this.runner.run(expression, [...found, ...dto.documents]);
    let next = 0;
    const ofProfiles = profiles.map((document) => (document ? results[next++] : NOT_FOUND) as object);
    return { results: [...ofProfiles, ...results.slice(next)] };
  }

  private inputs(workspaceId: string, profileIds: readonly string[]): Promise<(object | undefined)[]> {
    const now = this.clock.now();
    return this.database.tx(workspaceId, async (tx) => {
      const { rows } = await tx.query<{ person: number }>(
        'SELECT person FROM profile WHERE workspace_id = $1 AND id = ANY($2::uuid[])',
        [workspaceId, profileIds],
      );
      const documents = await this.profiles.documents(
        tx,
        rows.map(({ person }) => person),
      );
      const byId = new Map([...documents.values()].map((document) => [document.id, document]));
      return profileIds.map((id) => {
        const document = byId.get(id);
        return (
          document && inputDocument(document, TRIAL_AUDIENCE, { op: 'enter', version: 1, since: now }, now)
        );
      });
    });
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

const TRIAL_AUDIENCE = { id: FIRST, name: 'trial' };
const NOT_FOUND = { error: { code: 'profile-not-found', message: 'There is no such profile.' } };
