import { IsString, MaxLength, MinLength } from 'class-validator';
import { PageQuery } from '@percorso/access';

/** The identity whose profile is looked for. */
export class ProfileLookup extends PageQuery {
  @IsString()
  @MinLength(1)
  @MaxLength(63)
  namespace!: string;

  @IsString()
  @MinLength(1)
  @MaxLength(512)
  value!: string;
}
