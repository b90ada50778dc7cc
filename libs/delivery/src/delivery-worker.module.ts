import { BullModule } from '@nestjs/bull';
import { Module } from '@nestjs/common';
import { ExchangeHousekeeping } from './exchange-housekeeping';
import { DeliveryReconciler } from './delivery-reconciler';
import { DELIVERY_QUEUE } from './delivery-waker';
import { DeliveryModule } from './delivery.module';
import { DeliveryProcessor } from './delivery.processor';
import { LaneDelivery } from './lane-delivery';
import { LaneGauges } from './lane-gauges';
import { LanePump } from './lane-pump';
import { UnknownResolver } from './unknown-resolver';

/** Sends what the ledger holds. */
@Module({
  imports: [DeliveryModule, BullModule.registerQueue({ name: DELIVERY_QUEUE })],
  providers: [
    LaneDelivery,
    UnknownResolver,
    LanePump,
    DeliveryProcessor,
    DeliveryReconciler,
    LaneGauges,
    ExchangeHousekeeping,
  ],
})
export class DeliveryWorkerModule {}
