import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import {
  declarativePlugin,
  inNewestContract,
  type ItemsExchange,
  PluginRuntime,
  type Plugin,
  type PluginLog,
} from '@percorso/plugin-kit';
import type { FromChild, Request, ToChild } from '../messages';
import { BrokeredConnections } from './brokered-connect';
import { lockDown } from './lock-down';

const send = (message: FromChild): void => {
  process.send?.(message);
};
const connections = new BrokeredConnections(send);
const runtimes = new Map<string, PluginRuntime>();
const log: PluginLog = {
  info: (message, fields) => send({ type: 'log', level: 'info', message, fields }),
  warn: (message, fields) => send({ type: 'log', level: 'warn', message, fields }),
};

/** Default exports arrive wrapped once from ES modules and twice from CommonJS ones. */
async function load(file: string): Promise<Plugin> {
  if (file.endsWith('.json')) return declarativePlugin(JSON.parse(readFileSync(file, 'utf8'))) as Plugin;
  const module = (await import(pathToFileURL(file).href)) as { default?: { default?: Plugin } & Plugin };
  const plugin = module.default?.default ?? module.default;
  if (typeof plugin?.check !== 'function' || typeof plugin.settings !== 'function') {
    throw new TypeError('the default export is not a plugin; use definePlugin');
  }
  return plugin;
}

async function answer(plugin: Plugin, call: Extract<ToChild, { type: 'call' }>): Promise<void> {
  const { id, request, signalMs } = call;
  const signal = AbortSignal.timeout(signalMs);
  try {
    if (request.method === 'validate') {
      send({ type: 'result', id, value: PluginRuntime.validate(plugin, request.settings) });
      return;
    }
    if (request.method === 'migrate') {
      const { settings, from, to } = request;
      send({ type: 'result', id, value: PluginRuntime.migrate(plugin, settings, from, to) });
      return;
    }
    const runtime = runtimes.get(call.connector);
    if (!runtime) throw new ReferenceError('settings are missing');
    const outcome = await perform(runtime, request, signal);
    send({ type: 'result', id, ...outcome });
  } catch (error) {
    send({ type: 'result', id, error: error instanceof Error ? error.name : 'Error' });
  }
}

async function perform(
  runtime: PluginRuntime,
  request: Exclude<Request, { method: 'validate' | 'migrate' }>,
  signal: AbortSignal,
): Promise<
  { value: unknown; exchanges?: ItemsExchange[] } | { fault: Extract<FromChild, { fault: unknown }>['fault'] }
> {
  switch (request.method) {
    case 'check':
      return { value: (await runtime.check(signal)) ?? null };
    case 'deliver':
      return runtime.deliver(request.operation, request.items, signal);
    case 'lookup':
      return runtime.lookup(request.items, signal);
    case 'receipts':
      return runtime.receipts(request.raw, signal, request.request);
    case 'feedback':
      return runtime.feedback(request.cursor, signal);
  }
}

function receive(plugin: Plugin, message: ToChild, handle: unknown): void {
  switch (message.type) {
    case 'settings': {
      const settings = Object.assign(new plugin.settings(), message.settings);
      runtimes.set(
        message.connector,
        new PluginRuntime(plugin, settings, { connect: connections.for(message.connector), log }),
      );
      return;
    }
    case 'forget':
      runtimes.get(message.connector)?.close();
      runtimes.delete(message.connector);
      return;
    case 'socket':
      connections.receive(message, handle instanceof Socket ? handle : undefined);
      return;
    case 'call':
      void answer(plugin, message);
  }
}

async function main(file: string, api: string): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  // The class and code tell an author where to look; a message could hold anybody's data.
  process.on('uncaughtException', (error: Error & { code?: unknown }) => {
    const message = `The plugin crashed: ${error.name} ${typeof error.code === 'string' ? error.code : ''}`;
    send({ type: 'log', level: 'warn', message });
    setImmediate(() => process.exit(1));
  });
  lockDown();
  try {
    // Here, and nowhere else, an older plugin becomes one of the newest contract.
    const plugin = inNewestContract(await load(file), api);
    process.on('message', (message, handle) => receive(plugin, message as ToChild, handle));
    send({ type: 'ready', description: PluginRuntime.describe(plugin) });
  } catch (error) {
    send({ type: 'failed', message: error instanceof Error ? `${error.name}: ${error.message}` : 'unknown' });
  }
}

void main(String(process.argv[2]), String(process.argv[3]));
