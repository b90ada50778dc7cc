import { ApiProperty } from '@nestjs/swagger';

export class HookView {
  @ApiProperty()
  id!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time', nullable: true, type: String, description: 'To the hour.' })
  lastUsedAt!: string | null;
}

export class CreatedHookView extends HookView {
  @ApiProperty({
    description:
      'The address to enter at the provider. It is shown this once, and whoever knows it may report.',
    example: 'https://hub.example.com/v1/hooks/4fQJ…',
  })
  url!: string;
}

export class HooksView {
  @ApiProperty({ type: [HookView] })
  data!: HookView[];
}
