import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

class ExchangedBody {
  @ApiProperty({ description: 'Its first 4,000 characters; hidden from a key without profiles:read.' })
  text!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'How long it was.' })
  bytes!: number | null;
}

class ExchangedRequest {
  @ApiProperty({ example: 'POST' })
  method!: string;

  @ApiProperty({ description: 'Without credentials; of its query the names.' })
  url!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Those that tell no secret.',
  })
  headers!: Record<string, string>;

  @ApiProperty({ type: ExchangedBody, nullable: true })
  body!: ExchangedBody | null;
}

class ExchangedResponse {
  @ApiProperty()
  status!: number;

  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers!: Record<string, string>;

  @ApiProperty({ type: ExchangedBody, nullable: true })
  body!: ExchangedBody | null;
}

export class ExchangeView {
  @ApiProperty({
    enum: ['http', 'stream'],
    description: 'A stream is a connection that is no HTTP, as for SMTP.',
  })
  kind!: string;

  @ApiProperty({ format: 'date-time', description: 'When the request left, or the stream was opened.' })
  at!: string;

  @ApiProperty({ description: 'Rows that the call was about.' })
  items!: number;

  @ApiProperty({ description: 'Which of them this is, from 1; 0: not known.' })
  item!: number;

  @ApiPropertyOptional({ description: 'Milliseconds.' })
  tookMs?: number;

  @ApiPropertyOptional({ type: ExchangedRequest })
  request?: ExchangedRequest;

  @ApiPropertyOptional({ type: ExchangedResponse, nullable: true, description: 'null: there was none.' })
  response?: ExchangedResponse | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Why there was no answer.',
    example: 'ECONNRESET',
  })
  error?: string | null;

  @ApiPropertyOptional()
  host?: string;

  @ApiPropertyOptional()
  port?: number;

  @ApiPropertyOptional({ description: 'Of the stream as a whole.' })
  sentBytes?: number;

  @ApiPropertyOptional()
  receivedBytes?: number;
}
