import { CanActivate, ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { INGEST_SCOPE, PUBLIC, SCOPES } from '@percorso/access';
import { Problem } from '@percorso/kernel';
import type { Role } from './config/config';
import { HUB_OPTIONS, HubOptions } from './hub-options';

/** A process serves the routes of its roles: `ingest` those a write key may call, `api` the others. */
@Injectable()
export class RoleGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    @Inject(HUB_OPTIONS) private readonly options: Pick<HubOptions, 'roles'>,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const places = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC, places)) return true;
    const scopes = this.reflector.getAllAndOverride<string[] | undefined>(SCOPES, places) ?? [];
    const role: Role = scopes.includes(INGEST_SCOPE) ? 'ingest' : 'api';
    if (this.options.roles.includes(role)) return true;
    throw new Problem({
      status: 404,
      code: 'role-missing',
      title: 'Not served here',
      detail: `This process does not have the role ${role}.`,
    });
  }
}
