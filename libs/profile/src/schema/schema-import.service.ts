import { Injectable } from '@nestjs/common';
import { loadNamespaces } from '@percorso/identity';
import { Problem } from '@percorso/kernel';
import { Database } from '@percorso/storage';
import { ImportSchema, SchemaImportView, SuggestedNamespaceView } from './schema-import.dto';
import { SchemaService } from './schema.service';
import { importXdm } from './xdm/import-xdm';
import type { MarkedIdentity } from './xdm/xdm-report';

const MAX_NAME = 512;

/** Takes schemas over from where they were written. */
@Injectable()
export class SchemaImportService {
  constructor(
    private readonly database: Database,
    private readonly schemas: SchemaService,
  ) {}

  /** @throws Problem 422 with all that keeps the documents from becoming a schema */
  async import(workspaceId: string, actor: string, asked: ImportSchema): Promise<SchemaImportView> {
    const { policy = 'warn', dryRun = false, unresolved = 'refuse' } = asked;
    const found = importXdm({ ...asked, ignoreUnresolved: unresolved === 'ignore' });
    if ('errors' in found) throw Problem.invalid(found.errors);
    const { kind, schema, report, unused } = found;
    const name = kind === 'traits' ? 'identify' : (asked.name ?? found.title ?? '');
    if (name === '' || name.length > MAX_NAME) {
      throw Problem.invalid([
        {
          pointer: '/name',
          code: 'name-required',
          message: 'Say which event it is of: the schema has no title.',
        },
      ]);
    }
    const imported = dryRun
      ? null
      : await this.schemas.put(workspaceId, actor, kind, name, { schema, policy });
    const { ignored, annotations, renamed } = report;
    const identities = await this.suggested(workspaceId, report.identities);
    return { dryRun, imported, kind, name, schema, ignored, annotations, renamed, unused, identities };
  }

  private async suggested(
    workspaceId: string,
    marked: readonly MarkedIdentity[],
  ): Promise<SuggestedNamespaceView[]> {
    const known = await this.database.tx(workspaceId, async (tx) =>
      (await loadNamespaces(tx)).map(({ code }) => code),
    );
    return marked.map(({ pointer, property, namespace, primary }) => {
      const code = codeOf(namespace);
      return {
        pointer,
        property,
        xdmNamespace: namespace,
        namespace: code,
        exists: known.includes(code),
        primary,
      };
    });
  }
}

/** A namespace's code as codes are written here: CRM_ID and crmId are crm_id. */
const codeOf = (namespace: string): string =>
  namespace
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '_')
    .replace(/^_+|_+$/g, '');
