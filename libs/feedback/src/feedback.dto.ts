import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

export class ReceiptDto {
  @ApiProperty({
    description: 'What the provider sent, as text: a webhook body, or a bounce message with its headers.',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1_000_000)
  body!: string;

  @ApiPropertyOptional({ example: 'message/rfc822' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  contentType?: string;
}

export class FeedbackView {
  @ApiProperty({
    description: 'Facts that became events; one told before counts again here and is a duplicate there.',
  })
  events!: number;

  @ApiProperty({
    description: 'Facts about addresses no profile has. A hard bounce among them still suppresses.',
  })
  unmatched!: number;
}
