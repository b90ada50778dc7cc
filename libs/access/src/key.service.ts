import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, Clock, newId, Problem } from '@percorso/kernel';
import { Database, Transaction } from '@percorso/storage';
import { audit } from './audit';
import { hashKey, KeyKind, newKey, parseKey, sameKey } from './key-format';
import { KeyStore, StoredKey } from './key.store';
import { Page, PageQuery, readPageById } from './page';

/** A revoked key is refused at the latest this long after, in every process. */
const CACHE_MS = 4000;
const CACHE_SIZE = 10_000;
const TOUCH_MS = 60_000;
/** Compared with when the id is unknown, so that both refusals take equally long. */
const NOBODY = hashKey('');

export interface AuthenticatedKey {
  workspaceId: string;
  keyId: string;
  scopes: readonly string[];
}

export interface NewKey {
  name: string;
  scopes: string[];
  expiresAt?: Date;
}

export interface KeyView {
  id: string;
  name: string;
  scopes: string[];
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

@Injectable()
export class KeyService {
  private readonly logger = new Logger(KeyService.name);
  private readonly cache = new Map<string, { key: StoredKey; until: number }>();
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly database: Database,
    private readonly store: KeyStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whose key this is. Without `kind`, either kind will do. @throws Problem 401 */
  async authenticate(presented: string, kind?: KeyKind): Promise<AuthenticatedKey> {
    const parsed = parseKey(presented);
    const key =
      parsed && (kind === undefined || parsed.kind === kind) ? await this.lookUp(parsed.id) : undefined;
    const genuine = sameKey(presented, key?.hash ?? NOBODY);
    if (!key || !genuine || key.kind !== parsed?.kind || !this.inForce(key)) {
      throw new Problem({
        status: 401,
        code: 'key-invalid',
        title: 'The key is not valid',
        detail: 'It is unknown, revoked or expired.',
      });
    }
    this.touch(key);
    return { workspaceId: key.workspaceId, keyId: key.id, scopes: key.scopes };
  }

  /** Creates a key inside the caller's transaction; its text is returned this once and kept only as a hash. */
  async issue(
    tx: Transaction,
    kind: KeyKind,
    wanted: NewKey,
    actor: string,
  ): Promise<KeyView & { key: string }> {
    const id = newId();
    const key = newKey(kind, id);
    const createdAt = this.clock.now();
    const expiresAt = wanted.expiresAt ?? null;
    await this.store.insert(tx, { ...wanted, id, kind, hash: hashKey(key), createdAt, expiresAt });
    await audit(
      tx,
      actor,
      `${kind}-key.created`,
      id,
      { name: wanted.name, scopes: wanted.scopes },
      createdAt,
    );
    return { id, name: wanted.name, scopes: wanted.scopes, createdAt, expiresAt, lastUsedAt: null, key };
  }

  list(workspaceId: string, kind: KeyKind, query: PageQuery): Promise<Page<KeyView>> {
    return this.database.tx(workspaceId, (tx) =>
      readPageById(
        query,
        (after, most) => this.store.list(tx, kind, after, most),
        (row) => ({
          id: row.id,
          name: row.name,
          scopes: row.scopes,
          createdAt: row.created_at,
          expiresAt: row.expires_at,
          lastUsedAt: row.last_used_at,
        }),
      ),
    );
  }

  async revoke(workspaceId: string, kind: KeyKind, id: string, actor: string): Promise<void> {
    const at = this.clock.now();
    await this.database.tx(workspaceId, async (tx) => {
      if (!(await this.store.revoke(tx, kind, id, at))) throw Problem.notFound('Key');
      await audit(tx, actor, `${kind}-key.revoked`, id, {}, at);
    });
    this.cache.delete(id);
  }

  private inForce(key: StoredKey): boolean {
    return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > this.clock.now());
  }

  private async lookUp(id: string): Promise<StoredKey | undefined> {
    const cached = this.cache.get(id);
    if (cached && cached.until > performance.now()) return cached.key;
    const key = await this.store.find(id);
    if (!key) return undefined;
    if (this.cache.size >= CACHE_SIZE) this.cache.clear();
    this.cache.set(id, { key, until: performance.now() + CACHE_MS });
    return key;
  }

  private touch(key: StoredKey): void {
    const now = this.clock.now();
    const last = this.touched.get(key.id) ?? key.lastUsedAt?.getTime() ?? 0;
    if (now.getTime() - last < TOUCH_MS) return;
    if (this.touched.size >= CACHE_SIZE) this.touched.clear();
    this.touched.set(key.id, now.getTime());
    this.store.touch(key.workspaceId, key.id, now).catch(() => {
      this.logger.warn(`The last use of key ${key.id} could not be noted.`);
    });
  }
}
