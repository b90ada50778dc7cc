import { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../control-server';
import { Sessions } from './sessions';

/** The technical account that may fetch access tokens. */
export interface TokenClient {
  clientId: string;
  clientSecret: string;
  scope: string | undefined;
  lifeSeconds: number;
}

/** OAuth server-to-server: a form post of client credentials for an access token. */
export async function issueToken(
  client: TokenClient,
  sessions: Sessions,
  refused: boolean,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const json = (status: number, body: unknown): void =>
    void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const form = new URLSearchParams((await readBody(req)).toString('utf8'));
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim();
  if (req.method !== 'POST' || type !== 'application/x-www-form-urlencoded')
    return json(400, { error: 'invalid_request' });
  if (form.get('grant_type') !== 'client_credentials') return json(400, { error: 'unsupported_grant_type' });
  const known =
    form.get('client_id') === client.clientId && form.get('client_secret') === client.clientSecret;
  if (refused || !known) return json(401, { error: 'invalid_client' });
  if (client.scope !== undefined && form.get('scope') !== client.scope)
    return json(400, { error: 'invalid_scope' });
  const access_token = sessions.issueAccessToken(new Date());
  json(200, { access_token, token_type: 'bearer', expires_in: client.lifeSeconds });
}
