import { ApiProperty } from '@nestjs/swagger';
import { Normalization, Uniqueness } from './namespace';
import { StoredNamespace } from './namespace.store';

/** A namespace as admins see it. */
export class NamespaceView implements StoredNamespace {
  @ApiProperty()
  code!: string;

  @ApiProperty()
  title!: string;

  @ApiProperty({ enum: ['one', 'many'], description: 'Identities of it one person may hold.' })
  uniqueness!: Uniqueness;

  @ApiProperty({ type: 'integer', description: 'The lower wins.' })
  priority!: number;

  @ApiProperty({ enum: ['none', 'lowercase', 'e164'] })
  normalization!: Normalization;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ type: String, format: 'date-time' })
  createdAt!: Date;

  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt!: Date;
}
