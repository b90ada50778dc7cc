import { Injectable } from '@nestjs/common';
import { Problem } from '@percorso/kernel';
import { HostFailure } from '../host/host-failure';
import { PluginHosts } from '../host/plugin-hosts';
import type { InstalledPlugin } from '../plugin/installed-plugin';

/** Runs a plugin once, in a child process as it will have, before anything depends on it. */
@Injectable()
export class Examiner {
  constructor(private readonly hosts: PluginHosts) {}

  /** Why it cannot go live, for the admin; null when it can. */
  async examine(plugin: InstalledPlugin): Promise<string | null> {
    const host = this.hosts.once(plugin);
    try {
      const description = await host.describe();
      const { capabilities, settingsSchema } = description;
      const missing = plugin.manifest.capabilities.filter((one) => !capabilities.includes(one));
      const unsaid = capabilities.filter((one) => !plugin.manifest.capabilities.includes(one));
      if (missing.length > 0)
        return `Its manifest names ${missing.join(', ')}, which its code does not have.`;
      if (unsaid.length > 0) return `Its code has ${unsaid.join(', ')}, which its manifest does not name.`;
      if (settingsSchema['type'] !== 'object') return 'Its settings are no object.';
      // A class that cannot judge an empty object would fail at the first connector.
      if (!Array.isArray(await host.validate({}))) return 'Its settings cannot be validated.';
      this.hosts.remember(plugin, description);
      return null;
    } catch (error) {
      if (error instanceof HostFailure) return `It does not start: ${error.message}`;
      if (error instanceof Problem) return error.message;
      throw error;
    } finally {
      host.stop();
    }
  }
}
