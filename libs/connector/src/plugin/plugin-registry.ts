import { Logger } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { scanPlugins, type InstalledPlugin } from './installed-plugin';

/** The plugins this hub can run. */
export class PluginRegistry {
  readonly plugins: InstalledPlugin[];

  constructor(directories: string[]) {
    const { plugins, unusable } = scanPlugins(directories);
    this.plugins = plugins;
    const logger = new Logger('Plugin');
    for (const { directory, errors } of unusable)
      logger.warn(`The package in ${directory} is not used: ${errors.join('; ')}`);
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
