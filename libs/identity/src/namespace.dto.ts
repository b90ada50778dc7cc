import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, MinLength } from 'class-validator';
import { Normalization, Uniqueness } from './namespace';

const UNIQUENESS: Uniqueness[] = ['one', 'many'];
const NORMALIZATION: Normalization[] = ['none', 'lowercase', 'e164'];

export class CreateNamespace {
  @Matches(/^[a-z][a-z0-9_]{0,62}$/)
  code!: string;

  @IsString()
  @MinLength(1)
  @MaxLength(200)
  title!: string;

  @IsIn(UNIQUENESS)
  uniqueness!: Uniqueness;

  /** The lower wins. */
  @IsInt()
  @Min(1)
  @Max(1000)
  priority!: number;

  @IsOptional()
  @IsIn(NORMALIZATION)
  normalization?: Normalization;
}

/** Normalization is fixed at creation: known values were stored in it. */
export class UpdateNamespace {
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  title?: string;

  @IsOptional()
  @IsIn(UNIQUENESS)
  uniqueness?: Uniqueness;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1000)
  priority?: number;
}
