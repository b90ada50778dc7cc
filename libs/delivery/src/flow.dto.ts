import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { UNKNOWN_POLICIES, type UnknownPolicy } from './unknown-decision';

export class SetLimits {
  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 0.01,
    description: 'Items a second at most, below the plugin’s own figure; null or left out: that one.',
    example: 50,
  })
  @IsOptional()
  @IsNumber()
  @Min(0.01)
  @Max(1e6)
  perSecond?: number | null;

  @ApiPropertyOptional({
    type: Number,
    nullable: true,
    minimum: 1,
    maximum: 256,
    description: 'Calls out at once at most; null or left out: the hub’s default, for a host: no limit.',
    example: 4,
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(256)
  concurrency?: number | null;
}

export class SetDelivery extends SetLimits {
  @ApiPropertyOptional({
    enum: UNKNOWN_POLICIES,
    default: 'keep',
    description:
      'Of effects whose outcome nobody can tell: keep lists them, assume-accepted counts them as delivered, send-again sends once more and may deliver twice.',
  })
  @IsOptional()
  @IsIn(UNKNOWN_POLICIES)
  whenUnknown?: UnknownPolicy;
}

export class BreakerView {
  @ApiProperty({
    enum: ['closed', 'open', 'half-open'],
    description:
      'open: no call is made until the next probe. half-open: one call finds out whether it works again.',
  })
  state!: 'closed' | 'open' | 'half-open';

  @ApiProperty({ type: String, nullable: true, description: 'Code of the last failure.' })
  reason!: string | null;

  @ApiProperty({ description: 'Calls in a row that failed as a whole.' })
  failures!: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextProbeAt!: Date | null;
}

export class HostView {
  @ApiProperty({ example: 'api.example.com' })
  host!: string;

  @ApiProperty()
  version!: number;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Items a second at most, of all its connectors together.',
  })
  perSecond!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Calls at once at most, of all its connectors together.',
  })
  concurrency!: number | null;

  @ApiProperty({ type: BreakerView })
  breaker!: BreakerView;
}

class WaitingView {
  @ApiProperty({ description: 'Messages someone waits for.' })
  transactional!: number;

  @ApiProperty({ description: 'Removals from the target.' })
  removal!: number;

  @ApiProperty({ description: 'Everything else.' })
  bulk!: number;
}

class InFlightView {
  @ApiProperty()
  batches!: number;

  @ApiProperty()
  rows!: number;
}

class RateView {
  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'What holds now; null: not known, the plugin does not start.',
  })
  perSecond!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'The plugin’s own figure.' })
  plugin!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'The limit set here.' })
  limit!: number | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'Found by 429s of the provider: halved by each, rising since.',
  })
  learned!: number | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Nothing is sent before, as asked by Retry-After or after a failure.',
  })
  restUntil!: Date | null;
}

class LagView {
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastToldAt!: Date | null;

  @ApiProperty({
    type: Number,
    nullable: true,
    description: 'From the change of an audience until the target had it, of the oldest in the last batch.',
  })
  lastSeconds!: number | null;

  @ApiProperty({ type: Number, nullable: true, description: 'How long the oldest that waits has waited.' })
  oldestWaitingSeconds!: number | null;
}

export class DeliveryView {
  @ApiProperty({ format: 'uuid' })
  connectorId!: string;

  @ApiProperty()
  version!: number;

  @ApiProperty({ type: WaitingView })
  waiting!: WaitingView;

  @ApiProperty({ type: InFlightView })
  inFlight!: InFlightView;

  @ApiProperty({
    description: 'Effects of unknown outcome, those still being resolved and those listed for good.',
  })
  unknown!: number;

  @ApiProperty({ enum: UNKNOWN_POLICIES, description: 'What is done about those that stay unknown.' })
  whenUnknown!: UnknownPolicy;

  @ApiProperty({ description: 'Calls out at once at most.' })
  concurrency!: number;

  @ApiProperty({ type: RateView })
  rate!: RateView;

  @ApiProperty({ type: BreakerView })
  breaker!: BreakerView;

  @ApiProperty({ type: LagView })
  lag!: LagView;

  @ApiProperty({
    type: HostView,
    nullable: true,
    description: 'The host its plugin calls, shared with other connectors.',
  })
  host!: HostView | null;
}
