import { BadSettings, type Context } from '@percorso/plugin-kit';
import { select } from './query';
import type { CampaignClassicSettings } from './settings';
import { connectorFault, SoapFault } from './soap';

/** Signs in and reads one record by the key's fields: proves URL, credentials, schema and key, and writes nothing. */
export async function check(ctx: Context<CampaignClassicSettings>): Promise<void> {
  const { schema, key } = ctx.settings;
  try {
    await select(ctx, { schema, select: key.split(',').map((path) => path.trim()), lineCount: 1 });
  } catch (error) {
    if (!(error instanceof SoapFault)) throw error;
    throw (
      connectorFault(error) ??
      new BadSettings('/key', 'Campaign does not know the key of this schema.', { cause: error })
    );
  }
}
