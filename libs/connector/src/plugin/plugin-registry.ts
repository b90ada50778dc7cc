import { Logger } from '@nestjs/common';
import { scanPlugins, type InstalledPlugin } from './installed-plugin';

/** The plugins that lie on this machine for every workspace: the hub's own, and those of the operator's folders. */
export class PluginRegistry {
  readonly plugins: InstalledPlugin[];

  constructor(directories: string[]) {
    const { plugins, unusable } = scanPlugins(directories);
    this.plugins = plugins;
    const logger = new Logger('Plugin');
    for (const { directory, errors } of unusable)
      logger.warn(`The package in ${directory} is not used: ${errors.join('; ')}`);
  }
}
