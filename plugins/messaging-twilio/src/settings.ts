import { Secret, Setting } from '@percorso/plugin-kit';
import { IsOptional, IsString, IsUrl, Matches, MaxLength, MinLength } from 'class-validator';

export class TwilioSettings {
  @Setting({
    title: 'API',
    description: 'Another region: https://api.dublin.ie1.twilio.com, https://api.sydney.au1.twilio.com.',
  })
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['https', 'http'] })
  url = 'https://api.twilio.com';

  @Setting({ title: 'Account SID', placeholder: 'AC0123456789abcdef0123456789abcdef' })
  @Matches(/^AC[0-9a-fA-F]{32}$/, { message: 'accountSid must be AC and 32 hexadecimal digits' })
  accountSid!: string;

  @Secret({
    title: 'Auth token',
    description: 'It signs status callbacks too, so an API key cannot stand for it.',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  authToken!: string;

  @Setting({
    title: 'From',
    description: 'Sender when the payload names none: a number in E.164, a short code, or a name.',
    placeholder: '+15005550006',
  })
  @IsOptional()
  @IsString()
  @Matches(/^(\+?\d{3,15}|[A-Za-z0-9 ]{1,11})$/, {
    message: 'from must be a number or a name of 11 characters',
  })
  from?: string;

  @Setting({
    title: 'Messaging Service SID',
    description: 'Lets Twilio choose the sender; goes before From.',
  })
  @IsOptional()
  @Matches(/^MG[0-9a-fA-F]{32}$/, { message: 'messagingServiceSid must be MG and 32 hexadecimal digits' })
  messagingServiceSid?: string;

  @Setting({
    title: 'Status callback',
    description:
      'The address of a hook of this connector (POST /v1/connectors/{id}/hooks), at best with #rc=5&rp=all at its end, so that Twilio tries again what the hub did not hear.',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['https', 'http'] })
  statusCallback?: string;
}
