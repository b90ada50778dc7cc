import { CanActivate, ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Problem } from '@percorso/kernel';
import type { AccessContext, AccessRequest } from './access-context';
import { ACCESS_OPTIONS, AccessOptions } from './access-options';
import { BadKeyLimiter } from './bad-key-limiter';
import { hashKey, parseKey, sameKey } from './key-format';
import { KeyService } from './key.service';
import { presentedKey } from './presented-key';
import { allows, INGEST_SCOPE, INSTANCE_SCOPE, PUBLIC, SCOPES } from './scopes.decorator';

/** Stands before every handler of the application, whatever its path. A handler that names no scope is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly rootHash?: Buffer;

  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeyService,
    private readonly limiter: BadKeyLimiter,
    @Inject(ACCESS_OPTIONS) options: AccessOptions,
  ) {
    if (options.rootKey !== undefined) this.rootHash = hashKey(options.rootKey);
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, places)) return true;
    const required = this.reflector.getAllAndOverride<string[] | undefined>(SCOPES, places) ?? [];
    const request = context.switchToHttp().getRequest<AccessRequest>();
    const access = await this.identify(request, required.includes(INGEST_SCOPE));
    if (!allows(access.scopes, required)) {
      throw new Problem({
        status: 403,
        code: 'scope-missing',
        title: 'The key may not do this',
        detail: `It needs the scope ${required.join(' and ') || '(none is defined)'}.`,
      });
    }
    request.access = access;
    return true;
  }

  private async identify(request: AccessRequest, mayBeInBody: boolean): Promise<AccessContext> {
    const presented = presentedKey(request, mayBeInBody);
    if (presented === undefined || presented === '') {
      throw new Problem({
        status: 401,
        code: 'key-missing',
        title: 'A key is required',
        detail: 'Send `Authorization: Bearer <API key>`, or `Basic` with a write key as user name.',
      });
    }
    try {
      if (parseKey(presented) === undefined && this.rootHash && sameKey(presented, this.rootHash)) {
        return { actor: 'root', scopes: [INSTANCE_SCOPE], presented };
      }
      const { workspaceId, keyId, scopes } = await this.keys.authenticate(presented);
      return { actor: `key:${keyId}`, workspaceId, scopes, presented };
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.limiter.refused(request.ip);
      throw error;
    }
  }
}
