import { Inject, Injectable } from '@nestjs/common';
import { audit, Page, PageQuery, readPage } from '@percorso/access';
import { canonicalJson, Clock, CLOCK, describeError, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { checkSchema } from './check-schema';
import { compileSchema } from './compile-schema';
import { PutSchema, SchemaView, ViolationView } from './schema.dto';
import {
  insertSchema,
  listSchemas,
  SchemaKey,
  SchemaKind,
  SchemaRow,
  schemaVersions,
  violationsOf,
} from './schema.store';

const MAX_NAME = 512;

/** What events and traits should look like, as admins say and see it. */
@Injectable()
export class SchemaService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Add a version, unless the one in force says the same. */
  async put(
    workspaceId: string,
    actor: string,
    kind: string,
    name: string,
    asked: PutSchema,
  ): Promise<SchemaView> {
    const key = keyOf(kind, name);
    assertUsable(asked.schema);
    return this.database.tx(workspaceId, async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
        `percorso:schema:${workspaceId}:${kind}/${name}`,
      ]);
      const [current] = await schemaVersions(tx, key, undefined, 1);
      if (current && isSame(current, asked)) return current;
      const version = (current?.version ?? 0) + 1;
      await insertSchema(tx, { ...key, version, ...asked }, this.clock.now());
      await audit(tx, actor, 'schema.put', `${kind}/${name}`, { version, policy: asked.policy });
      return this.current(tx, key);
    });
  }

  get(workspaceId: string, kind: string, name: string): Promise<SchemaView> {
    const key = keyOf(kind, name);
    return this.database.tx(workspaceId, (tx) => this.current(tx, key));
  }

  list(workspaceId: string, query: PageQuery): Promise<Page<SchemaView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPage(
        query,
        (after: SchemaKey | undefined, most) => listSchemas(tx, after, most),
        ({ kind, name }) => ({ kind, name }),
      ),
    );
  }

  versions(workspaceId: string, kind: string, name: string, query: PageQuery): Promise<Page<SchemaView>> {
    const key = keyOf(kind, name);
    return this.database.tx(workspaceId, async (tx) => {
      await this.current(tx, key);
      return readPage(
        query,
        (before: { version: number } | undefined, most) => schemaVersions(tx, key, before?.version, most),
        ({ version }) => ({ version }),
      );
    });
  }

  violations(workspaceId: string, kind: string, name: string): Promise<Page<ViolationView>> {
    const key = keyOf(kind, name);
    return this.database.tx(workspaceId, async (tx) => {
      await this.current(tx, key);
      return { data: await violationsOf(tx, key), next: null };
    });
  }

  private async current(tx: Transaction, key: SchemaKey): Promise<SchemaView> {
    const [row] = await schemaVersions(tx, key, undefined, 1);
    if (!row) throw Problem.notFound('Schema');
    return row;
  }
}

function keyOf(kind: string, name: string): SchemaKey {
  const known = kind === 'events' || (kind === 'traits' && (name === 'identify' || name === 'group'));
  if (!known || name === '' || name.length > MAX_NAME) throw Problem.notFound('Schema');
  return { kind: kind as SchemaKind, name };
}

function assertUsable(schema: object): void {
  const errors = checkSchema(schema).map((error) => ({ ...error, pointer: `/schema${error.pointer}` }));
  if (errors.length > 0) throw Problem.invalid(errors);
  try {
    compileSchema(schema);
  } catch (error) {
    throw Problem.invalid([{ pointer: '/schema', code: 'schema-invalid', message: describeError(error) }]);
  }
}

const isSame = (row: SchemaRow, asked: PutSchema): boolean =>
  row.policy === asked.policy && canonicalJson(row.schema) === canonicalJson(asked.schema);
