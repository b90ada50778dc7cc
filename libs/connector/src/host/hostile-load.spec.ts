import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readPlugin, type InstalledPlugin } from '../plugin/installed-plugin';
import { HostFailure } from './host-failure';
import { PluginHost } from './plugin-host';
import { Hostile, SANDBOXES } from './testing/hostile';

/** What a plugin's code does before it says what it is. */
const AT_LOAD: Record<string, string> = {
  throws: "throw new Error('not whole');",
  'throws nothing': 'throw null;',
  'ends its process': 'process.exit(0);',
  aborts: 'process.abort();',
  'never comes to an end': 'for (;;);',
  'hoards objects': 'for (const kept = []; ; ) kept.push(new Array(1e6).fill({}));',
  'hoards buffers': 'for (const kept = []; ; ) kept.push(Buffer.alloc(2 ** 24, 1));',
  'fails behind its own back':
    "Promise.reject(new Error('late')); const until = Date.now() + 200; while (Date.now() < until);",
  'leaves the channel': 'process.disconnect();',
  'is no plugin': 'module.exports = 5;',
  'pretends to be ready': "process.send({ type: 'ready' }); process.exit(0);",
  'writes without end':
    "const fs = require('node:fs'); for (;;) try { fs.writeSync(3, Buffer.alloc(2 ** 20, 97)); } catch {}",
};

const folder = mkdtempSync(join(tmpdir(), 'percorso-at-load-'));
const manifest = {
  ...{ id: 'at-load', name: 'At load', kind: 'campaign', api: '^1.2', settingsVersion: 1 },
  ...{ capabilities: ['upsert'], recordKey: '/email', egress: [] },
};
function pluginOf(name: string, code: string): InstalledPlugin {
  const directory = join(folder, name.replaceAll(' ', '-'));
  mkdirSync(directory, { recursive: true });
  const about = { name: 'at-load', version: '1.0.0', main: 'index.js', keywords: ['percorso-plugin'] };
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ ...about, percorso: manifest }));
  writeFileSync(join(directory, 'index.js'), code);
  return readPlugin(directory) as InstalledPlugin;
}
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pipes this process has open: a channel is one. */
const channels = (): number => process.getActiveResourcesInfo().filter((one) => one === 'PipeWrap').length;

describe.each(SANDBOXES)(
  'plugins whose code misbehaves when it is loaded, where isolation is $isolation',
  (sandbox) => {
    it('are not started, while the hub and others go on, and keep no channel open', async () => {
      const open = channels();
      const delay = monitorEventLoopDelay({ resolution: 10 });
      delay.enable();
      const found: Record<string, unknown> = {};
      const waiting = Object.entries(AT_LOAD).values();
      const lane = async (): Promise<void> => {
        for (const [name, code] of waiting) {
          const options = { sandbox, startMs: 3000, residentMb: 300, heapMb: 64 };
          const host = new PluginHost(pluginOf(name, code), options);
          found[name] = await host.describe().then(
            () => 'it started',
            (error: unknown) => error,
          );
          host.stop();
        }
      };
      await Promise.all([lane(), lane(), lane(), lane()]);
      delay.disable();
      // Nothing was sent, so what waits for it is tried again.
      const wrong = Object.entries(found).filter(
        ([, failure]) => !(failure instanceof HostFailure) || failure.sent,
      );
      expect(wrong).toEqual([]);
      expect(Object.keys(found).sort()).toEqual(Object.keys(AT_LOAD).sort());
      // Far from what another machine's pauses make of it, and from a hub that waits with its plugins.
      expect(delay.percentile(99) / 1e6).toBeLessThan(1000);
      const good = new Hostile({ sandbox });
      expect(await good.deed('answersTooMuch')).toMatch(/^DONE/);
      good.host.stop();
      for (let tries = 0; channels() > open && tries < 1000; tries++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      expect(channels()).toBeLessThanOrEqual(open);
    });
  },
);
