import { Inject, Injectable } from '@nestjs/common';
import { audit, findUnstorable, type Row } from '@percorso/access';
import { CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { usersOf } from '../audience/used-audiences';
import { EvaluationService } from '../evaluation/evaluation.service';
import { type EvaluationRow, EvaluationStore } from '../evaluation/evaluation.store';
import { ComputationStore } from '../computed-trait/computation.store';
import { isLookupName } from '../definition/lookup-name';
import type { LookupItemView, LookupUploadView } from './lookup.dto';
import { type LookupItem, LookupStore } from './lookup.store';

/** Items of one lookup: evaluators keep those that audiences look at in memory. */
export const MOST_ITEMS = 100_000;
const MOST_BYTES = 16 * 1024;
const LONGEST_KEY = 512;
const CHUNK = 1000;
const MOST_PROBLEMS = 100;

/** Changes items, and has the audiences that look at them computed anew: whom that concerns cannot be told in bounds. */
@Injectable()
export class LookupService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly lookups: LookupStore,
    private readonly audiences: AudienceStore,
    private readonly evaluations: EvaluationService,
    private readonly requests: EvaluationStore,
    private readonly computations: ComputationStore,
  ) {}

  async get(workspaceId: string, name: string, key: string): Promise<LookupItemView> {
    const fields = await this.database.tx(workspaceId, (tx) => this.lookups.find(tx, name, key));
    if (!fields) throw Problem.notFound('Item');
    return { key, fields };
  }

  async put(
    workspaceId: string,
    name: string,
    key: string,
    fields: unknown,
    actor: string,
  ): Promise<LookupItemView> {
    assertName(name);
    const item = itemOf(key, fields);
    if (typeof item === 'string') throw Problem.invalid([{ pointer: '', code: 'item', message: item }]);
    await this.change(workspaceId, name, [item], actor);
    return this.get(workspaceId, name, key);
  }

  async remove(workspaceId: string, name: string, key: string, actor: string): Promise<void> {
    await this.get(workspaceId, name, key);
    await this.change(workspaceId, name, [{ key, fields: undefined }], actor);
  }

  /** Rows of `key` and fields; those that are no item are told, the others are taken. */
  async upload(
    workspaceId: string,
    name: string,
    rows: () => AsyncIterable<Row>,
    actor: string,
  ): Promise<LookupUploadView> {
    assertName(name);
    const view: LookupUploadView = { rows: 0, changed: 0, refused: 0, problems: [] };
    let chunk = new Map<string, LookupItem>();
    const write = async (): Promise<void> => {
      view.changed += await this.change(workspaceId, name, [...chunk.values()], actor);
      chunk = new Map();
    };
    for await (const { line, values, mistake } of rows()) {
      view.rows += 1;
      const { key, ...fields } = values ?? {};
      const item = values ? itemOf(key, fields) : (mistake ?? 'cannot be read');
      if (typeof item !== 'string') chunk.set(item.key, item);
      else {
        view.refused += 1;
        if (view.problems.length < MOST_PROBLEMS) view.problems.push({ line, message: item });
      }
      if (chunk.size === CHUNK) await write();
    }
    await write();
    return view;
  }

  private async change(
    workspaceId: string,
    name: string,
    items: readonly LookupItem[],
    actor: string,
  ): Promise<number> {
    if (items.length === 0) return 0;
    const { changed, asked } = await this.database.tx(workspaceId, async (tx) => {
      const changed = await this.lookups.write(tx, name, items, await this.lookups.nextVersion(tx));
      if (changed === 0) return { changed, asked: [] };
      if ((await this.lookups.count(tx, name)) > MOST_ITEMS)
        throw Problem.conflict('too-many-items', `A lookup has ${MOST_ITEMS} items at most.`);
      await audit(tx, actor, 'lookup.changed', name, { items: changed }, this.clock.now());
      return { changed, asked: await this.evaluateUsers(tx, name) };
    });
    for (const evaluation of asked) await this.evaluations.announce(workspaceId, evaluation);
    return changed;
  }

  private async evaluateUsers(tx: Transaction, name: string): Promise<(EvaluationRow | undefined)[]> {
    await this.computations.askLookingUp(tx, name);
    const concerned = new Set(await this.lookups.audiencesOf(tx, name));
    for (const id of [...concerned]) {
      for (const user of await usersOf(tx, this.audiences, id)) concerned.add(user.id);
    }
    const asked: (EvaluationRow | undefined)[] = [];
    // In the order of their ids, as everywhere.
    for (const audienceId of [...concerned].sort()) {
      const at = this.clock.now();
      asked.push(await this.requests.insert(tx, { id: newId(), audienceId, at, cause: 'lookup' }));
    }
    return asked;
  }
}

function assertName(name: string): void {
  if (isLookupName(name)) return;
  const message = 'must be lower-case letters, digits and _, beginning with a letter, at most 63';
  throw Problem.invalid([{ pointer: '/name', code: 'pattern', message }]);
}

/** The item, or what is wrong with it. */
function itemOf(key: unknown, fields: unknown): LookupItem | string {
  if (typeof key !== 'string' && typeof key !== 'number') return 'needs a key: a text or a number';
  const text = String(key);
  if (text === '' || text.length > LONGEST_KEY) return `needs a key of 1 to ${LONGEST_KEY} characters`;
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields))
    return 'needs fields, an object';
  if (Buffer.byteLength(JSON.stringify(fields)) > MOST_BYTES)
    return `may have ${MOST_BYTES} bytes of fields at most`;
  if (findUnstorable([text, fields]) !== undefined) return 'has text that cannot be stored';
  return { key: text, fields: fields as Record<string, unknown> };
}
