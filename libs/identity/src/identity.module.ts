import { Module } from '@nestjs/common';
import { IdentityResolver } from './identity-resolver';
import { NamespaceController } from './namespace.controller';
import { NamespaceDefaults } from './namespace-defaults';
import { NamespaceService } from './namespace.service';

/** Namespaces, and who an event belongs to. */
@Module({
  controllers: [NamespaceController],
  providers: [NamespaceService, NamespaceDefaults, IdentityResolver],
  exports: [IdentityResolver],
})
export class IdentityModule {}
