import { ApiProperty } from '@nestjs/swagger';

export class LookupItemView {
  @ApiProperty()
  key!: string;

  @ApiProperty({ type: 'object', additionalProperties: true })
  fields!: object;
}

export class LookupRefusal {
  @ApiProperty({ type: 'integer', description: 'The line of the body, from 1.' })
  line!: number;

  @ApiProperty()
  message!: string;
}

export class LookupUploadView {
  @ApiProperty({ type: 'integer', description: 'Rows that were read.' })
  rows!: number;

  @ApiProperty({ type: 'integer', description: 'Items that are others than before.' })
  changed!: number;

  @ApiProperty({ type: 'integer', description: 'Rows that are no item.' })
  refused!: number;

  @ApiProperty({ type: [LookupRefusal], description: 'The first 100 of those.' })
  problems!: LookupRefusal[];
}
