import dgram from 'node:dgram';
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import os from 'node:os';

/**
 * Takes from the process what a plugin has no use for and Node's permission flags leave open: sockets of its own, names of
 * hosts, signals to others. Where isolation is enforced the kernel bars all of this too; where it is advisory, this and the
 * flags are what there is.
 */
export function lockDown(): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  deny(process, [
    'kill',
    '_kill',
    '_debugProcess',
    '_debugEnd',
    '_startProfilerIdleNotifier',
    'binding',
    'dlopen',
  ]);
  deny(os, ['setPriority']);
  // Sockets that the host hands over are open already: nothing has to connect or listen.
  deny(net.Socket.prototype, ['connect']);
  deny(net.Server.prototype, ['listen']);
  deny(dgram, ['createSocket']);
  deny(dgram.Socket.prototype, ['bind', 'connect', 'send', 'addMembership']);
  for (const resolver of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype])
    deny(
      resolver,
      Object.getOwnPropertyNames(resolver).filter((name) => /^(lookup|resolve|reverse)/.test(name)),
    );
  syncBuiltinESMExports();
}

function deny(target: object, names: string[]): void {
  for (const name of names) {
    if (!(name in target)) continue;
    const denied = (): never => {
      throw Object.assign(new Error(`A plugin may not use ${name}.`), { code: 'ERR_ACCESS_DENIED' });
    };
    Object.defineProperty(target, name, { value: denied, writable: false, configurable: false });
  }
}
