import { Inject, Injectable } from '@nestjs/common';
import { audit, type Row } from '@percorso/access';
import { loadNamespaces, normalizeIdentity, type Namespace } from '@percorso/identity';
import { CLOCK, type Clock, newId, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { AudienceStore } from '../audience/audience.store';
import { leavesOf } from '../definition/definition';
import { parseDefinition } from '../definition/parse-definition';
import { StreamCursorStore } from '../stream/stream-cursor.store';
import { WakeStore } from '../stream/wake.store';
import type { ImportView, UnmatchedRow } from './import.dto';
import { ImportStore, type NamedIdentity } from './import.store';

/** Rows of one transaction. */
const CHUNK = 1000;
const MOST_PROBLEMS = 100;
const LEASE_MS = 60_000;

type Mistake = Omit<UnmatchedRow, 'line'>;

/** An import that runs. */
interface Running {
  workspaceId: string;
  audienceId: string;
  namespaces: readonly Namespace[];
  view: ImportView;
}

/** Takes uploaded lists to audiences with an `imported` condition, a batch at a time; persons follow as they are woken. */
@Injectable()
export class ImportService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly audiences: AudienceStore,
    private readonly imports: ImportStore,
    private readonly cursors: StreamCursorStore,
    private readonly wakes: WakeStore,
  ) {}

  /**
   * @param rows opened once the audience is known to take an import
   * @throws Problem 404, 409 when it takes none, or another import of it runs. What was read until then stays.
   */
  async import(
    workspaceId: string,
    audienceId: string,
    mode: ImportView['mode'],
    rows: () => AsyncIterable<Row>,
    actor: string,
  ): Promise<ImportView> {
    await this.database.tx(workspaceId, (tx) => this.assertImported(tx, audienceId));
    const source = rows();
    const running = await this.begin(workspaceId, audienceId, mode);
    try {
      let chunk: Row[] = [];
      for await (const row of source) {
        chunk.push(row);
        if (chunk.length < CHUNK) continue;
        await this.take(running, chunk);
        chunk = [];
      }
      await this.take(running, chunk);
      if (mode === 'replace') await this.removeOthers(running);
      return running.view;
    } finally {
      await this.end(running, actor);
    }
  }

  private async assertImported(tx: Transaction, audienceId: string): Promise<void> {
    const audience = await this.audiences.find(tx, audienceId);
    if (!audience) throw Problem.notFound('Audience');
    if (audience.state === 'archived')
      throw Problem.conflict('archived', 'An archived audience takes no import.');
    const parsed = parseDefinition(audience.definition);
    if (parsed.ok && [...leavesOf(parsed.definition.where)].some((leaf) => leaf.kind === 'imported')) return;
    throw Problem.conflict('not-imported', 'The definition of the audience has no `imported` condition.');
  }

  private async begin(workspaceId: string, audienceId: string, mode: ImportView['mode']): Promise<Running> {
    const id = newId();
    const now = this.clock.now();
    const view = { id, mode, rows: 0, matched: 0, unmatched: 0, added: 0, removed: 0, problems: [] };
    return this.database.tx(workspaceId, async (tx) => {
      if (!(await this.imports.begin(tx, audienceId, id, now, this.lease())))
        throw Problem.conflict('import-running', 'Another import of this audience is running.');
      return { workspaceId, audienceId, namespaces: await loadNamespaces(tx), view };
    });
  }

  private async take(running: Running, chunk: readonly Row[]): Promise<void> {
    const { view, audienceId } = running;
    const named: { line: number; identity: NamedIdentity }[] = [];
    for (const row of chunk) {
      const identity = identityOf(row, running.namespaces);
      if ('namespace' in identity) named.push({ line: row.line, identity });
      else refuse(view, row.line, identity);
    }
    const { found, added } = await this.write(running, async (tx) => {
      const found = await this.imports.nodesOf(
        tx,
        named.map(({ identity }) => identity),
      );
      const nodes = found.filter((node) => node !== undefined);
      const added = await this.imports.add(tx, audienceId, view.id, nodes);
      return { found, added, persons: added.map(({ person }) => person) };
    });
    named.forEach(({ line }, index) => {
      if (found[index]) view.matched += 1;
      else refuse(view, line, UNKNOWN);
    });
    view.problems.sort((a, b) => a.line - b.line);
    view.rows += chunk.length;
    view.added += added.length;
  }

  private async removeOthers(running: Running): Promise<void> {
    const { view, audienceId } = running;
    for (let after = 0; ;) {
      const { gone } = await this.write(running, async (tx) => {
        const gone = await this.imports.removeOthers(tx, audienceId, view.id, after, CHUNK);
        return { gone, persons: gone.flatMap(({ person }) => person ?? []) };
      });
      view.removed += gone.length;
      const last = gone.at(-1);
      if (!last) return;
      after = last.node;
    }
  }

  /** Change the list and wake whom that concerns, in one transaction; sets and turns of the stream see both or none. */
  private write<T extends { persons: number[] }>(
    { workspaceId, audienceId, view }: Running,
    change: (tx: Transaction) => Promise<T>,
  ): Promise<T> {
    return this.database.tx(workspaceId, async (tx) => {
      await this.cursors.hold(tx);
      if (!(await this.imports.keep(tx, audienceId, view.id, this.lease())))
        throw Problem.conflict('import-running', 'Another import of this audience took over.');
      const done = await change(tx);
      const now = this.clock.now();
      await this.wakes.wake(tx, done.persons, { kind: 'import', importId: view.id }, now);
      if (done.persons.length > 0) await this.cursors.wakeBy(tx, now);
      return done;
    });
  }

  private async end({ workspaceId, audienceId, view }: Running, actor: string): Promise<void> {
    const { id, problems: _, ...counts } = view;
    const now = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      await this.imports.keep(tx, audienceId, id, now);
      await audit(tx, actor, 'audience.imported', audienceId, { import: id, ...counts }, now);
    });
  }

  private lease(): Date {
    return new Date(this.clock.now().getTime() + LEASE_MS);
  }
}

const UNKNOWN: Mistake = { code: 'unknown-identity', message: 'is of nobody known' };

function refuse(view: ImportView, line: number, mistake: Mistake): void {
  view.unmatched += 1;
  if (view.problems.length < MOST_PROBLEMS) view.problems.push({ line, ...mistake });
}

function identityOf(row: Row, namespaces: readonly Namespace[]): NamedIdentity | Mistake {
  if (!row.values) return { code: 'malformed', message: row.mistake ?? 'cannot be read' };
  const { namespace: code, value } = row.values;
  const namespace = namespaces.find((one) => one.code === code);
  if (!namespace) return { code: 'unknown-namespace', message: 'needs a namespace of the workspace' };
  const known = normalizeIdentity(value, namespace.normalization);
  if (known !== undefined) return { namespace: namespace.code, value: known };
  return { code: 'not-an-identity', message: `needs a value that is an identity of ${namespace.code}` };
}
