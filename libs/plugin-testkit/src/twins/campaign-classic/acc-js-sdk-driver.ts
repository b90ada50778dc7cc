import { createInterface } from 'node:readline';

// The client needs require() of ES modules, which jest's module loader lacks, so specs drive it in this process of its own.

interface Step {
  /** `logon`, `logoff`, `query` or a static method such as `xtkSession.writeCollection`. */
  call: string;
  args: unknown[];
}

type Callable = (...args: unknown[]) => Promise<unknown>;

interface Client {
  logon(): Promise<void>;
  logoff(): Promise<void>;
  NLWS: Record<string, Record<string, Callable> & { create(body: unknown): Record<string, Callable> }>;
}

interface Sdk {
  init(parameters: unknown): Promise<Client>;
  ConnectionParameters: Record<'ofUserAndPassword' | 'ofImsBearerToken', (...args: unknown[]) => unknown>;
}

async function main(): Promise<void> {
  const [url = '', kind = '', first = '', second = ''] = process.argv.slice(2);
  const name = '@adobe/acc-js-sdk';
  const { default: sdk } = (await import(name)) as { default: Sdk };
  const options = { representation: 'SimpleJson' };
  const parameters =
    kind === 'bearer'
      ? sdk.ConnectionParameters.ofImsBearerToken(url, first, options)
      : sdk.ConnectionParameters.ofUserAndPassword(url, first, second, options);
  const client = await sdk.init(parameters);
  for await (const line of createInterface({ input: process.stdin })) {
    const step = JSON.parse(line) as Step;
    const answer = await run(client, step).then(
      (result) => ({ result: result ?? null }),
      (error: Record<string, unknown>) => {
        const { statusCode, errorCode, faultCode, faultString, detail, message } = error;
        return { error: { statusCode, errorCode, faultCode, faultString, detail, message } };
      },
    );
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function run(client: Client, { call, args }: Step): Promise<unknown> {
  if (call === 'logon') return client.logon();
  if (call === 'logoff') return client.logoff();
  if (call === 'query') return client.NLWS['xtkQueryDef']?.create(args[0])['executeQuery']?.();
  const [schema = '', method = ''] = call.split('.');
  return client.NLWS[schema]?.[method]?.(...args);
}

void main();
