import { Problem } from '@percorso/kernel';
import { scanPlugins, type InstalledPlugin, type UnusablePlugin } from './installed-plugin';

/** The plugins this hub can run. */
export class PluginRegistry {
  readonly plugins: InstalledPlugin[];
  readonly unusable: UnusablePlugin[];

  constructor(directories: string[]) {
    ({ plugins: this.plugins, unusable: this.unusable } = scanPlugins(directories));
  }

  /** @throws Problem 422 naming the plugins there are. */
  get(id: string): InstalledPlugin {
    const plugin = this.plugins.find((one) => one.manifest.id === id);
    if (plugin) return plugin;
    const known = this.plugins.map((one) => one.manifest.id).join(', ') || 'none';
    throw new Problem({
      status: 422,
      code: 'unknown-plugin',
      title: 'Unknown plugin',
      detail: `No plugin of that id is installed. Installed: ${known}.`,
      errors: [{ pointer: '/plugin', code: 'unknown-plugin', message: `must be one of: ${known}` }],
    });
  }
}
