import { comparableAddress, type NewEffect, type Suppression } from '@percorso/delivery';

/** Why nothing more may be sent to an address, and since when (Unix milliseconds). */
export interface Suppressed {
  at: number;
  reason: Suppression['reason'];
}

/** Where nothing may be sent to a person any more, by what providers answered within the simulation. */
export class SuppressedAddresses {
  private readonly known = new Map<string, Suppressed>();

  /** The earliest counts. */
  add(effect: NewEffect, since: Suppressed): void {
    const place = placeOf(effect);
    const known = place && this.known.get(place);
    if (place && (!known || since.at < known.at)) this.known.set(place, since);
  }

  reasonAt(effect: NewEffect, at: number): Suppressed['reason'] | undefined {
    const place = placeOf(effect);
    const known = place === undefined ? undefined : this.known.get(place);
    return known && known.at <= at ? known.reason : undefined;
  }
}

/** Calls go to no address. */
const placeOf = ({ operation, channel = 'email', address }: NewEffect): string | undefined =>
  operation === 'call' || !address ? undefined : `${channel} ${comparableAddress(channel, address)}`;
