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
import { canonicalJson, CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import type { Definition } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { EvaluationService } from '../evaluation/evaluation.service';
import type { AudienceView, ChangeAudience, CreateAudience } from './audience.dto';
import { type AudienceRow, AudienceStore } from './audience.store';
import { audienceView } from './audience.view';

/** A definition of a request. @throws Problem 422 with every mistake, its pointer into the request. */
export function requireDefinition(source: object): Definition {
  const parsed = parseDefinition(source);
  if (parsed.ok) return parsed.definition;
  throw Problem.invalid(
    parsed.errors.map((error) => ({ ...error, pointer: `/definition${error.pointer}` })),
    'The definition has mistakes.',
  );
}

@Injectable()
export class AudienceService {
  constructor(
    private readonly database: Database,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(workspaceId: string, wanted: CreateAudience, actor: string): Promise<AudienceView> {
    requireDefinition(wanted.definition);
    const at = this.clock.now();
    const id = newId();
    const { view, evaluation } = await this.database.tx(workspaceId, async (tx) => {
      const { name, definition } = wanted;
      await this.audiences.insert(tx, { id, name, description: wanted.description ?? '', definition, at });
      await audit(tx, actor, 'audience.created', id, { name }, at);
      return {
        evaluation: await this.evaluations.requestIn(tx, id, actor),
        view: audienceView(await this.existing(tx, id)),
      };
    });
    await this.evaluations.announce(workspaceId, evaluation);
    return view;
  }

  async list(workspaceId: string, query: PageQuery): Promise<Page<AudienceView>> {
    const after = query.cursor === undefined ? undefined : decodeCursor<{ id: string }>(query.cursor).id;
    const rows = await this.database.tx(workspaceId, (tx) => this.audiences.list(tx, after, query.limit + 1));
    return pageOf(rows, query.limit, audienceView, ({ id }) => encodeCursor({ id }));
  }

  async get(workspaceId: string, id: string): Promise<AudienceView> {
    return this.database.tx(workspaceId, async (tx) => audienceView(await this.existing(tx, id)));
  }

  /** A different definition gets the next definition version and an evaluation, which members then follow. */
  async change(
    workspaceId: string,
    id: string,
    change: ChangeAudience,
    version: number,
    actor: string,
  ): Promise<AudienceView> {
    if (change.definition) requireDefinition(change.definition);
    const at = this.clock.now();
    const { view, evaluation } = await this.database.tx(workspaceId, async (tx) => {
      const before = await this.locked(tx, id, version);
      if (before.state === 'archived')
        throw Problem.conflict('archived', 'An archived audience cannot be changed.');
      const redefined =
        change.definition !== undefined &&
        canonicalJson(change.definition) !== canonicalJson(before.definition);
      const definitionVersion = before.definitionVersion + (redefined ? 1 : 0);
      if (redefined && change.definition) {
        await this.audiences.insertDefinition(tx, id, definitionVersion, change.definition, at);
      }
      const name = change.name ?? before.name;
      const description = change.description ?? before.description;
      await this.audiences.update(tx, id, { name, description, definitionVersion, state: before.state }, at);
      await audit(tx, actor, 'audience.changed', id, { name, definitionVersion }, at);
      return {
        evaluation: redefined ? await this.evaluations.requestIn(tx, id, actor) : undefined,
        view: audienceView(await this.existing(tx, id)),
      };
    });
    await this.evaluations.announce(workspaceId, evaluation);
    return view;
  }

  /** Archived audiences keep their members and log, and are evaluated no more. */
  async archive(workspaceId: string, id: string, actor: string): Promise<void> {
    const at = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      const before = await this.audiences.lock(tx, id);
      if (!before) throw Problem.notFound('Audience');
      if (before.state === 'archived') return;
      await this.audiences.update(tx, id, { ...before, state: 'archived' }, at);
      await audit(tx, actor, 'audience.archived', id, {}, at);
    });
  }

  private async existing(tx: Transaction, id: string): Promise<AudienceRow> {
    const row = await this.audiences.find(tx, id);
    if (!row) throw Problem.notFound('Audience');
    return row;
  }

  private async locked(tx: Transaction, id: string, version: number): Promise<AudienceRow> {
    const row = await this.audiences.lock(tx, id);
    if (!row) throw Problem.notFound('Audience');
    assertVersion(version, row.version);
    return row;
  }
}
