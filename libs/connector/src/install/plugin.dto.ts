import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsString, Matches, MaxLength } from 'class-validator';
import { EXACT_VERSION } from './package-check';

export class InstallPluginDto {
  @ApiProperty({ description: 'Name of an npm package.', example: '@acme/percorso-plugin-texts' })
  @IsString()
  @MaxLength(214)
  @Matches(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, {
    message: 'must be the name of an npm package',
  })
  name!: string;

  @ApiProperty({ description: 'Exactly one version; no range and no tag.', example: '1.2.0' })
  @IsString()
  @MaxLength(100)
  @Matches(EXACT_VERSION, { message: 'must be an exact version such as 1.2.0' })
  version!: string;
}

export class UploadPluginQuery {
  @ApiProperty({
    description: 'Of the tarball, as `npm pack --json` prints it: sha512-…',
    example: 'sha512-…==',
  })
  @IsString()
  @Matches(/^sha512-[A-Za-z0-9+/]{86}==$/, { message: 'must be sha512- and the hash in base64' })
  integrity!: string;
}

export class ApprovePluginDto {
  @ApiProperty({
    description: "Exactly the places of the version's `egress`.",
    type: 'array',
    items: { type: 'object' },
    example: ['api.texts.test', { setting: 'url' }],
  })
  @IsArray()
  @ArrayMaxSize(200)
  egress!: unknown[];
}
