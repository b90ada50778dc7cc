import { BullModule } from '@nestjs/bull';
import { Inject, Module } from '@nestjs/common';
import {
  ERASURE_PLACES,
  type ErasurePlace,
  PERSON_HOOKS,
  type PersonHook,
  ProfileModule,
} from '@percorso/profile';
import { ConnectorGateway } from './connector-gateway';
import { ConsentSource } from './consent-source';
import { DEFAULT_DELIVERY, DELIVERY_OPTIONS } from './delivery-options';
import { DeliveryErasure } from './delivery-erasure';
import { DELIVERY_QUEUE, DeliveryWaker } from './delivery-waker';
import { EffectController } from './effect.controller';
import { EffectService } from './effect.service';
import { EffectPlace } from './effect.place';
import { FlowController } from './flow.controller';
import { FlowService } from './flow.service';
import { ProfileConsentSource } from './profile-consent-source';
import { ProviderGateway } from './provider-gateway';
import { SuppressionController } from './suppression.controller';
import { SuppressionService } from './suppression.service';

/** The effect ledger for those who record effects, and suppressions. Needs ConnectorModule in the application. */
@Module({
  imports: [BullModule.registerQueue({ name: DELIVERY_QUEUE }), ProfileModule],
  controllers: [SuppressionController, FlowController, EffectController],
  providers: [
    { provide: DELIVERY_OPTIONS, useValue: DEFAULT_DELIVERY },
    { provide: ProviderGateway, useClass: ConnectorGateway },
    { provide: ConsentSource, useClass: ProfileConsentSource },
    DeliveryWaker,
    SuppressionService,
    FlowService,
    EffectService,
  ],
  exports: [DELIVERY_OPTIONS, ProviderGateway, ConsentSource, DeliveryWaker],
})
export class DeliveryModule {
  constructor(@Inject(PERSON_HOOKS) hooks: PersonHook[], @Inject(ERASURE_PLACES) places: ErasurePlace[]) {
    hooks.push(new DeliveryErasure());
    places.push(new EffectPlace());
  }
}
