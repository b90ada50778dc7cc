import { Inject, Injectable, Logger } from '@nestjs/common';
import { audit } from '@percorso/access';
import { CLOCK, type Clock, Problem } from '@percorso/kernel';
import { Database, type Transaction } from '@percorso/storage';
import { PluginStore, type ParkingRow } from '../install/plugin.store';
import type { Crashes } from '../host/plugin-host';
import type { InstalledPlugin } from './installed-plugin';

/** Versions whose process kept crashing: no hub starts them again before an admin says so. */
@Injectable()
export class PluginParking {
  private readonly logger = new Logger('Plugin');

  constructor(
    private readonly database: Database,
    private readonly store: PluginStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  all(tx: Transaction): Promise<ParkingRow[]> {
    return this.store.parked(tx);
  }

  /** @throws Problem 503 `plugin-parked` with the reason */
  assertNotParked({ manifest, version }: InstalledPlugin, parked: ParkingRow[]): void {
    const row = parked.find((one) => one.plugin_id === manifest.id && one.version === version);
    if (!row) return;
    throw new Problem({
      status: 503,
      code: 'plugin-parked',
      title: 'The plugin is parked',
      detail: `${row.reason} An admin can let it go on.`,
      retryAfter: 60,
    });
  }

  /** Told by a host whose process crashed over and over. */
  async park(workspaceId: string, plugin: InstalledPlugin, { code, crashes }: Crashes): Promise<void> {
    const { id } = plugin.manifest;
    const at = this.clock.now();
    const reason = `Its process ended ${crashes} times in a row, the last time with ${code}.`;
    const row: ParkingRow = { plugin_id: id, version: plugin.version, code, reason, crashes, at };
    try {
      await this.database.tx(workspaceId, async (tx) => {
        if (await this.store.park(tx, row))
          await audit(tx, 'system', 'plugin.parked', id, { version: plugin.version, code, crashes }, at);
      });
      this.logger.warn(`[${id}] parked: ${reason}`);
    } catch {
      // It rests as it would otherwise, and the next crash tells again.
      this.logger.warn(`[${id}] could not be parked.`);
    }
  }
}
