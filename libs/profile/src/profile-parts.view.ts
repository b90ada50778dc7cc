import { ApiProperty } from '@nestjs/swagger';

/** One event of a profile's timeline. */
export class EventView {
  /** Position in the ingest log. */
  @ApiProperty({ type: 'integer' })
  pos!: number;

  @ApiProperty()
  messageId!: string;

  @ApiProperty({ enum: ['identify', 'track', 'page', 'screen', 'group', 'alias'] })
  type!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ format: 'date-time', type: String })
  occurredAt!: Date;

  @ApiProperty({ format: 'date-time', type: String })
  receivedAt!: Date;

  @ApiProperty()
  source!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  properties!: Record<string, unknown>;
}

export class MergeView {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: 'The profile that stayed; null once erased.', type: String, nullable: true })
  winner!: string | null;

  @ApiProperty({ description: 'The profile that became part of it.', type: String, nullable: true })
  loser!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true })
  cause!: object;

  @ApiProperty({ format: 'date-time', type: String })
  at!: Date;

  @ApiProperty({ format: 'date-time', type: String, nullable: true })
  reversedAt!: Date | null;
}
