import { Secret, Setting } from '@percorso/plugin-kit';
import { IsIn, IsInt, IsNotEmpty, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';

const HOST = /^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/;
const MAILBOX = /^[^\r\n]*[^\s@<>]+@[^\s@<>]+>?$/;

export class SmtpSettings {
  @Setting({ title: 'Host', placeholder: 'smtp.example.com' })
  @IsString()
  @Matches(HOST, { message: 'host must be a host name or an IP address' })
  @MaxLength(253)
  host!: string;

  @Setting({ title: 'Port' })
  @IsInt()
  @Min(1)
  @Max(65535)
  port = 587;

  @Setting({
    title: 'Encryption',
    description:
      '"starttls" refuses servers without it; "tls" speaks TLS from the first byte (port 465); "none" is for local relays.',
  })
  @IsIn(['starttls', 'tls', 'none'])
  security: 'starttls' | 'tls' | 'none' = 'starttls';

  @Setting({ title: 'User' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  user?: string;

  @Secret({ title: 'Password' })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  password?: string;

  @Setting({
    title: 'From',
    description: 'Sender when the payload names none.',
    placeholder: 'News <news@example.com>',
  })
  @IsString()
  @Matches(MAILBOX, { message: 'from must be an address such as News <news@example.com>' })
  @MaxLength(320)
  from!: string;

  @Setting({
    title: 'Trusted authority',
    description: 'PEM certificates of a private authority to trust as well.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(65536)
  ca?: string;
}
