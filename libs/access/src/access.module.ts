import { DynamicModule, Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { ACCESS_OPTIONS, AccessOptions } from './access-options';
import { AccessGuard } from './access.guard';
import { ApiKeyController } from './api-key.controller';
import { BadKeyLimiter } from './bad-key-limiter';
import { signCursorsWith } from './cursor';
import { IdempotencyHousekeeping } from './idempotency.housekeeping';
import { IdempotencyInterceptor } from './idempotency.interceptor';
import { IdempotencyStore } from './idempotency.store';
import { KeyService } from './key.service';
import { KeyStore } from './key.store';
import { hashWith } from './keyed-hash';
import { LinkInterceptor } from './page';
import { ProblemFilter } from './problem.filter';
import { RequestPipe } from './request.pipe';
import { WorkspaceController } from './workspace.controller';
import { WORKSPACE_HOOKS, WorkspaceHook } from './workspace-hooks';
import { WorkspaceService } from './workspace.service';
import { WorkspaceStore } from './workspace.store';
import { WriteKeyController } from './write-key.controller';

/** Keys and workspaces, and the guard, pipe, filter and interceptors of every route in the application. */
@Global()
@Module({})
export class AccessModule {
  static forRoot(options: AccessOptions = {}): DynamicModule {
    if (options.cursorSecret !== undefined) {
      signCursorsWith(options.cursorSecret);
      hashWith(options.cursorSecret);
    }
    const hooks: WorkspaceHook[] = [];
    return {
      module: AccessModule,
      controllers: [WorkspaceController, WriteKeyController, ApiKeyController],
      providers: [
        { provide: ACCESS_OPTIONS, useValue: options },
        { provide: WORKSPACE_HOOKS, useValue: hooks },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useClass: RequestPipe },
        // Outermost first: what is kept for an Idempotency-Key is what the others made of the answer.
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
        { provide: APP_INTERCEPTOR, useClass: LinkInterceptor },
        BadKeyLimiter,
        IdempotencyStore,
        IdempotencyHousekeeping,
        KeyStore,
        KeyService,
        WorkspaceStore,
        WorkspaceService,
      ],
      exports: [KeyService, WorkspaceService, WORKSPACE_HOOKS],
    };
  }
}
