import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit, type Page, PageQuery, readPageById } from '@percorso/access';
import { canonicalJson, CLOCK, type Clock, type FieldError, newId, Problem } from '@percorso/kernel';
import { type FieldPath, usageChanges } from '@percorso/profile';
import { Database, type Transaction } from '@percorso/storage';
import type { Condition, WrittenLeaf } from '../definition/definition';
import { fieldsOf } from '../definition/fields-of';
import { parseDefinition } from '../definition/parse-definition';
import { EvaluationService } from '../evaluation/evaluation.service';
import type { EvaluationRow } from '../evaluation/evaluation.store';
import { AUDIENCE_USERS, type AudienceUser } from './audience-users';
import type { AudienceView, ChangeAudience, CreateAudience } from './audience.dto';
import { ScheduleStore } from '../schedule/schedule.store';
import { type AudienceRow, AudienceStore } from './audience.store';
import { audienceView } from './audience.view';
import { givesDefinition, type RequestedDefinition, requireDefinition } from './requested-definition';
import { holdUses, resolveUsed, usersOf } from './used-audiences';

/** Where a definition has its condition. */
const WHERE = '/where';

@Injectable()
export class AudienceService {
  constructor(
    private readonly database: Database,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationService,
    private readonly schedules: ScheduleStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(AUDIENCE_USERS) private readonly users: readonly AudienceUser[],
  ) {}

  async create(workspaceId: string, wanted: CreateAudience, actor: string): Promise<AudienceView> {
    const requested = requireDefinition(wanted);
    const at = this.clock.now();
    const id = newId();
    const { view, evaluation } = await this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      await this.checkUses(tx, requested, id);
      const { name, description = '' } = wanted;
      await this.audiences.insert(tx, { id, name, description, definition: requested.source, at });
      await audit(tx, actor, 'audience.created', id, { name }, at);
      return {
        evaluation: await this.evaluations.requestIn(tx, id, actor),
        view: audienceView(await this.existing(tx, id)),
      };
    });
    await this.evaluations.announce(workspaceId, evaluation);
    return view;
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<AudienceView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(query, (after, most) => this.audiences.list(tx, after, most), audienceView),
    );
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
    const requested = givesDefinition(change) ? requireDefinition(change) : undefined;
    const at = this.clock.now();
    const { view, evaluations } = await this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      const before = await this.locked(tx, id, version);
      if (before.state === 'archived')
        throw Problem.conflict('archived', 'An archived audience cannot be changed.');
      const redefined =
        requested !== undefined && canonicalJson(requested.source) !== canonicalJson(before.definition);
      const definitionVersion = before.definitionVersion + (redefined ? 1 : 0);
      if (redefined) {
        await this.checkUses(tx, requested, id);
        await this.audiences.insertDefinition(tx, id, definitionVersion, requested.source, at);
      }
      const name = change.name ?? before.name;
      const description = change.description ?? before.description;
      await this.audiences.update(tx, id, { name, description, definitionVersion, state: before.state }, at);
      if (redefined) {
        await this.checkUsers(tx, id);
        // It looks at other fields now, and usage policies may bar those from where it is synced to.
        await usageChanges(tx);
      }
      await audit(tx, actor, 'audience.changed', id, { name, definitionVersion }, at);
      return {
        evaluations: redefined ? await this.evaluateWithUsers(tx, id, actor) : [],
        view: audienceView(await this.existing(tx, id)),
      };
    });
    for (const evaluation of evaluations) await this.evaluations.announce(workspaceId, evaluation);
    return view;
  }

  /** An edited audience is another one for those that use it too: all of them are computed anew. */
  private async evaluateWithUsers(
    tx: Transaction,
    id: string,
    actor: string,
  ): Promise<(EvaluationRow | undefined)[]> {
    const users = (await usersOf(tx, this.audiences, id)).map((user) => user.id);
    await this.audiences.unsettle(tx, users);
    const evaluations: (EvaluationRow | undefined)[] = [];
    for (const audience of [id, ...users]) {
      evaluations.push(await this.evaluations.requestIn(tx, audience, actor));
    }
    return evaluations;
  }

  /**
   * Archived audiences keep their members and log, have no schedule, and are evaluated no more.
   * @throws Problem 409 `in-use` while another audience, a sync or a journey acts on it
   */
  async archive(workspaceId: string, id: string, actor: string): Promise<void> {
    const at = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      await holdUses(tx);
      const before = await this.audiences.lock(tx, id);
      if (!before) throw Problem.notFound('Audience');
      if (before.state === 'archived') return;
      const users = await this.audiences.directUsers(tx, [id]);
      if (users.length > 0)
        throw Problem.conflict('in-use', `Other audiences use this one: ${namesOf(users)}.`);
      const acting = (await Promise.all(this.users.map((one) => one.usersOf(tx, id)))).flat();
      if (acting.length > 0)
        throw Problem.conflict('in-use', `Pause or stop what acts on it first: ${acting.join(', ')}.`);
      await this.audiences.update(tx, id, { ...before, state: 'archived' }, at);
      await this.schedules.remove(tx, id);
      await audit(tx, actor, 'audience.archived', id, {}, at);
    });
  }

  /** The fields that its definition looks at, and those of the audiences it uses; all where it cannot be read. */
  async fields(tx: Transaction, id: string): Promise<FieldPath[]> {
    const parsed = parseDefinition((await this.existing(tx, id)).definition);
    const resolved = parsed.ok && (await resolveUsed(tx, this.audiences, parsed.definition, id));
    return resolved && resolved.ok ? fieldsOf(resolved.definition) : [[]];
  }

  /** What is wrong with a condition that stands elsewhere, by pointers into it, and the fields that it looks at. */
  async checkCondition(
    tx: Transaction,
    where: Condition<WrittenLeaf>,
  ): Promise<{ errors: FieldError[]; fields: FieldPath[] }> {
    const resolved = await resolveUsed(tx, this.audiences, { version: 1, where });
    if (resolved.ok) return { errors: [], fields: fieldsOf(resolved.definition) };
    const within = (error: FieldError): FieldError => ({
      ...error,
      pointer: error.pointer.slice(WHERE.length),
    });
    return { errors: resolved.errors.map(within), fields: [] };
  }

  private async checkUses(tx: Transaction, requested: RequestedDefinition, self?: string): Promise<void> {
    const resolved = await resolveUsed(tx, this.audiences, requested.written, self);
    if (!resolved.ok) throw requested.refuse(resolved.errors);
  }

  /** What this audience now says must leave those that use it within the limits. */
  private async checkUsers(tx: Transaction, id: string): Promise<void> {
    const broken: { id: string; name: string }[] = [];
    for (const user of await usersOf(tx, this.audiences, id)) {
      const parsed = parseDefinition(user.definition);
      if (parsed.ok && !(await resolveUsed(tx, this.audiences, parsed.definition, user.id)).ok)
        broken.push(user);
    }
    if (broken.length === 0) return;
    const detail = `With this definition, audiences that use this one would be too large: ${namesOf(broken)}.`;
    throw Problem.conflict('users-too-large', detail);
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

const namesOf = (audiences: readonly { id: string; name: string }[]): string =>
  audiences.map(({ id, name }) => `"${name}" (${id})`).join(', ');
