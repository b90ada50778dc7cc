import { BullModule } from '@nestjs/bull';
import { type DynamicModule, Inject, Module, type NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { IngestModule } from '@percorso/ingest';
import type { FastifyInstance } from 'fastify';
import { FeedbackController } from './feedback.controller';
import { DEFAULT_HOOK_LIMITS, FEEDBACK_OPTIONS, type FeedbackOptions } from './feedback.options';
import { FEEDBACK_QUEUE, FeedbackQueue } from './feedback.queue';
import { FeedbackService } from './feedback.service';
import { HookLimits } from './hook/hook-limits';
import { HookController } from './hook/hook.controller';
import { HookService } from './hook/hook.service';
import { HookStore } from './hook/hook.store';
import { registerRawBodies } from './hook/raw-body';

/** What providers report back. */
@Module({
  imports: [IngestModule, BullModule.registerQueue({ name: FEEDBACK_QUEUE })],
  controllers: [FeedbackController, HookController],
  providers: [FeedbackService, FeedbackQueue, HookService, HookStore, HookLimits],
  exports: [FeedbackService, FeedbackQueue, HookStore],
})
export class FeedbackModule implements NestModule {
  constructor(
    private readonly http: HttpAdapterHost,
    private readonly limits: HookLimits,
    @Inject(FEEDBACK_OPTIONS) private readonly options: FeedbackOptions,
  ) {}

  static forRoot(options: FeedbackOptions = {}): DynamicModule {
    return {
      module: FeedbackModule,
      global: true,
      providers: [{ provide: FEEDBACK_OPTIONS, useValue: options }],
      exports: [FEEDBACK_OPTIONS],
    };
  }

  // The one call that comes before Nest registers the routes, however the application is built.
  async configure(): Promise<void> {
    const fastify = this.http.httpAdapter?.getInstance<FastifyInstance | undefined>();
    if (!fastify) return;
    await this.limits.register(fastify);
    const { bodyMs } = { ...DEFAULT_HOOK_LIMITS, ...this.options.hookLimits };
    registerRawBodies(fastify, { bodyMs, admit: (request, reply) => this.limits.admit(request, reply) });
  }
}
