import { ApiProperty } from '@nestjs/swagger';

const count = { type: 'integer', minimum: 0 } as const;

export class IngestView {
  @ApiProperty({ ...count, description: 'Position of the last event stored.' })
  head!: number;

  @ApiProperty({ ...count, description: 'Position of the last event applied to profiles.' })
  applied!: number;

  @ApiProperty({ ...count, description: 'Position of the last event that ClickHouse has confirmed.' })
  loaded!: number;

  @ApiProperty({ ...count, description: 'Events applied.' })
  accepted!: number;

  @ApiProperty({ ...count, description: 'Events dropped as already seen.' })
  duplicates!: number;

  @ApiProperty({ ...count, description: 'Events set aside with a reason.' })
  quarantined!: number;
}

export class QuarantinedView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty(count)
  pos!: number;

  @ApiProperty()
  receivedAt!: Date;

  @ApiProperty({ type: 'string', nullable: true })
  messageId!: string | null;

  @ApiProperty()
  code!: string;

  @ApiProperty()
  reason!: string;

  @ApiProperty({ description: 'RFC 6901 JSON pointer into the event.' })
  pointer!: string;
}

export class QuarantinedDetail extends QuarantinedView {
  @ApiProperty({ description: "The event's JSON text as it came." })
  payload!: string;
}

export class QuarantinePage {
  @ApiProperty({ type: [QuarantinedView] })
  data!: QuarantinedView[];

  @ApiProperty({ type: 'string', nullable: true })
  next!: string | null;
}
