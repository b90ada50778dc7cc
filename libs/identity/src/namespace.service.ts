import { Inject, Injectable } from '@nestjs/common';
import { assertVersion, audit } from '@percorso/access';
import { Clock, CLOCK, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { lockIdentities } from './identity.store';
import { isBuiltIn } from './namespace';
import { CreateNamespace, UpdateNamespace } from './namespace.dto';
import {
  findNamespace,
  insertNamespace,
  loadNamespaces,
  StoredNamespace,
  updateNamespace,
} from './namespace.store';

@Injectable()
export class NamespaceService {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(workspaceId: string): Promise<StoredNamespace[]> {
    return this.database.tx(workspaceId, loadNamespaces);
  }

  get(workspaceId: string, code: string): Promise<StoredNamespace> {
    return this.database.tx(workspaceId, (tx) => this.existing(tx, code));
  }

  create(workspaceId: string, actor: string, body: CreateNamespace): Promise<StoredNamespace> {
    return this.database.tx(workspaceId, async (tx) => {
      const namespace = { ...body, normalization: body.normalization ?? 'none' };
      if (!(await insertNamespace(tx, namespace, this.clock.now()))) {
        throw Problem.conflict('namespace-exists', 'A namespace with this code exists.');
      }
      await audit(tx, actor, 'namespace.create', body.code, { ...body });
      return this.existing(tx, body.code);
    });
  }

  update(
    workspaceId: string,
    actor: string,
    code: string,
    version: number,
    body: UpdateNamespace,
  ): Promise<StoredNamespace> {
    return this.database.tx(workspaceId, async (tx) => {
      const current = await this.existing(tx, code, true);
      assertVersion(version, current.version);
      await updateNamespace(
        tx,
        {
          ...current,
          title: body.title ?? current.title,
          uniqueness: body.uniqueness ?? current.uniqueness,
          priority: body.priority ?? current.priority,
        },
        this.clock.now(),
      );
      await audit(tx, actor, 'namespace.update', code, { ...body });
      return this.existing(tx, code);
    });
  }

  async remove(workspaceId: string, actor: string, code: string, version: number): Promise<void> {
    await this.database.tx(workspaceId, async (tx) => {
      await lockIdentities(tx);
      const current = await this.existing(tx, code, true);
      assertVersion(version, current.version);
      const used = await tx.query(
        'SELECT FROM identity_node WHERE workspace_id = $1 AND namespace = $2 LIMIT 1',
        [workspaceId, code],
      );
      if (isBuiltIn(code) || used.rowCount) {
        throw Problem.conflict('namespace-in-use', 'Built-in namespaces and those with identities stay.');
      }
      await tx.query('DELETE FROM namespace WHERE workspace_id = $1 AND code = $2', [workspaceId, code]);
      await audit(tx, actor, 'namespace.delete', code, {});
    });
  }

  private async existing(tx: Transaction, code: string, lock = false): Promise<StoredNamespace> {
    const found = await findNamespace(tx, code, lock);
    if (!found) throw Problem.notFound('Namespace');
    return found;
  }
}
