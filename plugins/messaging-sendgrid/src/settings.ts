import { Secret, Setting } from '@percorso/plugin-kit';
import { IsOptional, IsString, IsUrl, Matches, MaxLength, MinLength } from 'class-validator';

const MAILBOX = /^([^<>@\r\n]*<)?[^\s@<>]+@[^\s@<>]+>?$/;

export class SendGridSettings {
  @Setting({ title: 'API', description: 'For regional subusers in the EU: https://api.eu.sendgrid.com.' })
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['https', 'http'] })
  url = 'https://api.sendgrid.com';

  @Secret({ title: 'API key', description: 'It needs the scope mail.send.' })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  apiKey!: string;

  @Setting({
    title: 'From',
    description: 'Sender when the payload names none; a verified one.',
    placeholder: 'News <news@example.com>',
  })
  @IsString()
  @Matches(MAILBOX, { message: 'from must be an address such as News <news@example.com>' })
  @MaxLength(320)
  from!: string;

  @Setting({
    title: 'Verification key',
    description: 'Of the signed event webhook, as the console shows it. Without it no webhook is believed.',
  })
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9+/=\s-]+$/, { message: 'webhookKey must be the key as the console shows it' })
  @MaxLength(2000)
  webhookKey?: string;
}
