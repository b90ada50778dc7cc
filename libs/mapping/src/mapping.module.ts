import { Global, Module, OnApplicationShutdown } from '@nestjs/common';
import { MappingRunner } from './mapping-runner';

/** The expression evaluator, one pool of child processes for the whole hub. */
@Global()
@Module({
  providers: [{ provide: MappingRunner, useFactory: () => new MappingRunner() }],
  exports: [MappingRunner],
})
export class MappingModule implements OnApplicationShutdown {
  constructor(private readonly runner: MappingRunner) {}

  onApplicationShutdown(): void {
    this.runner.close();
  }
}
