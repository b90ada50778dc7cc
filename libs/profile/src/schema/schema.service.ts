import { Inject, Injectable } from '@nestjs/common';
import { audit, decodeCursor, encodeCursor, Page, pageOf, PageQuery } from '@percorso/access';
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

  list(workspaceId: string, { cursor, limit }: PageQuery): Promise<Page<SchemaView>> {
    const after = cursor === undefined ? undefined : decodeCursor<SchemaKey>(cursor);
    return this.database.tx(workspaceId, async (tx) =>
      pageOf(
        await listSchemas(tx, after, limit + 1),
        limit,
        (row) => row,
        ({ kind, name }) => encodeCursor({ kind, name }),
      ),
    );
  }

  versions(
    workspaceId: string,
    kind: string,
    name: string,
    { cursor, limit }: PageQuery,
  ): Promise<Page<SchemaView>> {
    const key = keyOf(kind, name);
    const before = cursor === undefined ? undefined : decodeCursor<{ version: number }>(cursor).version;
    return this.database.tx(workspaceId, async (tx) => {
      await this.current(tx, key);
      const rows = await schemaVersions(tx, key, before, limit + 1);
      return pageOf(
        rows,
        limit,
        (row) => row,
        ({ version }) => encodeCursor({ version }),
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
