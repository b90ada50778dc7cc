import { Secret, Setting } from '@percorso/plugin-kit';
import { IsIn, IsInt, IsNotEmpty, IsString, IsUrl, Matches, Max, Min, ValidateIf } from 'class-validator';

const URL_RULES = { protocols: ['https', 'http'], require_protocol: true, require_tld: false };
const SCHEMA = /^[a-z][A-Za-z0-9]*:[A-Za-z][A-Za-z0-9]*$/;
const PATH = String.raw`(@[A-Za-z_][\w-]*|\[([A-Za-z_][\w-]*\/)*@[A-Za-z_][\w-]*\])`;
const byLogon = (settings: CampaignClassicSettings): boolean => settings.auth === 'logon';
const byIms = (settings: CampaignClassicSettings): boolean => settings.auth === 'ims';

export class CampaignClassicSettings {
  @Setting({
    title: 'Instance',
    description: 'URL of the Campaign server.',
    placeholder: 'https://acme.campaign.adobe.com',
  })
  @IsUrl(URL_RULES)
  url!: string;

  @Setting({
    title: 'Sign in',
    description:
      '"logon" with a Campaign operator (v7), "ims" with an Adobe technical account (v8, v7.3.5 on).',
  })
  @IsIn(['logon', 'ims'])
  auth: 'logon' | 'ims' = 'logon';

  @Setting({ title: 'Operator' })
  @ValidateIf(byLogon)
  @IsString()
  @IsNotEmpty()
  login?: string;

  @Secret({ title: 'Password' })
  @ValidateIf(byLogon)
  @IsString()
  @IsNotEmpty()
  password?: string;

  @Setting({ title: 'Client ID' })
  @ValidateIf(byIms)
  @IsString()
  @IsNotEmpty()
  clientId?: string;

  @Secret({ title: 'Client secret' })
  @ValidateIf(byIms)
  @IsString()
  @IsNotEmpty()
  clientSecret?: string;

  @Setting({ title: 'Scopes', description: 'As the Adobe Developer Console lists them.' })
  @ValidateIf(byIms)
  @IsString()
  @IsNotEmpty()
  scope?: string;

  @Setting({ title: 'Token endpoint' })
  @IsUrl(URL_RULES)
  imsUrl = 'https://ims-na1.adobelogin.com/ims/token/v3';

  @Setting({ title: 'Schema' })
  @Matches(SCHEMA, { message: 'schema must look like nms:recipient' })
  schema = 'nms:recipient';

  @Setting({
    title: 'Key',
    description: 'Comma list of paths that identify a record, e.g. @email or @account,[folder/@name].',
  })
  @Matches(new RegExp(`^${PATH}(\\s*,\\s*${PATH})*$`), {
    message: 'key must be a comma list of paths such as @email',
  })
  key = '@email';

  @Setting({
    title: 'On entry',
    description: '"update" leaves people alone whom Campaign does not know yet.',
  })
  @IsIn(['insertOrUpdate', 'update'])
  operation: 'insertOrUpdate' | 'update' = 'insertOrUpdate';

  @Setting({
    title: 'On removal',
    description: '"update" sets one field of the record; "delete" deletes it.',
  })
  @IsIn(['update', 'delete'])
  removeOperation: 'update' | 'delete' = 'update';

  @Setting({ title: 'Field set on removal' })
  @Matches(/^@[A-Za-z_][\w-]*$/, { message: 'removeField must be an attribute such as @blackListEmail' })
  removeField = '@blackListEmail';

  @Setting({ title: 'Value set on removal' })
  @IsString()
  removeValue = '1';

  @Setting({
    title: 'Write service',
    description: 'The SOAP service of WriteCollection; older builds know xtk:session only.',
  })
  @IsIn(['xtk:persist', 'xtk:session'])
  persistService: 'xtk:persist' | 'xtk:session' = 'xtk:persist';

  @Setting({ title: 'Rows per call' })
  @IsInt()
  @Min(1)
  @Max(200)
  rowsPerCall = 200;

  @Setting({ title: 'Days of delivery logs read at first' })
  @IsInt()
  @Min(0)
  @Max(365)
  feedbackDays = 7;
}
