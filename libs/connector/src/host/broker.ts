import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { NotConnected } from '@percorso/plugin-kit';
import { isAllowed, normalizeHost, type EgressRule } from './egress';
import { isPublicAddress } from './private-ranges';

export interface EgressPolicy {
  rules: EgressRule[];
  /** The workspace's choice; off unless an admin turned it on. */
  allowPrivateNetwork: boolean;
}

/** The addresses of a name, as the machine finds them. */
export type Resolve = (name: string) => Promise<string[]>;

const CONNECT_MS = 5000;

const systemResolve: Resolve = async (name) =>
  (await lookup(name, { all: true })).map(({ address }) => address);

/**
 * Opens the connection a plugin asked for: allowed by its manifest, resolved here, checked here, and made to the very
 * address that was checked. Paused, so that not a byte is read on this side before the socket is passed on.
 */
export async function openConnection(
  host: string,
  port: number,
  policy: EgressPolicy,
  resolve: Resolve = systemResolve,
  dialer: typeof dial = dial,
): Promise<Socket> {
  const name = normalizeHost(host);
  if (name === undefined || !isAllowed(policy.rules, host, port)) {
    throw new NotConnected(
      'egress-denied',
      `The plugin's manifest and settings do not allow ${host}:${port}.`,
    );
  }
  const addresses = (await addressesOf(name, resolve)).filter(
    (address) => policy.allowPrivateNetwork || isPublicAddress(address),
  );
  if (addresses.length === 0) {
    throw new NotConnected(
      'private-address',
      `${host} is not on the public Internet; the workspace does not allow private networks.`,
    );
  }
  let failure: unknown;
  for (const address of addresses.slice(0, 4)) {
    try {
      return await dialer(address, port);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function addressesOf(name: string, resolve: Resolve): Promise<string[]> {
  if (isIP(name)) return [name];
  try {
    // Whatever a resolver says, only addresses are dialed: a name would be looked up once more.
    return (await resolve(name)).filter((address) => isIP(address) > 0);
  } catch (error) {
    throw notConnected(error, `${name} could not be resolved.`);
  }
}

function dial(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true });
    socket.pause();
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new NotConnected('connect-timeout', `No connection within ${CONNECT_MS} ms.`));
    }, CONNECT_MS);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(notConnected(error, 'The connection was refused.'));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

function notConnected(error: unknown, message: string): NotConnected {
  const code = (error as { code?: unknown }).code;
  return new NotConnected(
    typeof code === 'string' ? code.toLowerCase().replaceAll('_', '-') : 'network',
    message,
  );
}
