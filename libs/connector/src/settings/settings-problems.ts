import { Problem } from '@percorso/kernel';
import type { SettingsFailure } from './connector-migration.store';

/** All of them pass: by a change of the settings, by another release, or by themselves. Meanwhile effects wait. */
export const settingsParked = (version: number, { reason }: SettingsFailure): Problem =>
  new Problem({
    status: 503,
    code: 'settings-parked',
    title: 'The connector is parked',
    detail: `${parkedReason(version, reason)} An admin can change them, or have it checked again.`,
    retryAfter: 60,
  });

export const settingsNewer = (found: number, known: number): Problem =>
  new Problem({
    status: 503,
    code: 'settings-newer',
    title: 'The connector belongs to another release',
    detail: newerReason(found, known),
    retryAfter: 60,
  });

export const settingsMigrating = (): Problem =>
  new Problem({
    status: 503,
    code: 'settings-migrating',
    title: 'The settings are being migrated',
    detail: 'Another process brings the settings of the connector to the version of this release.',
    retryAfter: 1,
  });

export const parkedReason = (version: number, reason: string): string =>
  `Its settings could not be brought to version ${version}: ${reason.replace(/\.$/, '')}.`;

export const newerReason = (found: number, known: number): string =>
  `Its settings have version ${found}, and were changed since they had version ${known}, which this release knows.`;
