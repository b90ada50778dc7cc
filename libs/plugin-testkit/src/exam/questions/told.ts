import assert from 'node:assert/strict';
import { parseManifest, type MessageEvent } from '@percorso/plugin-kit';
import type { Ground } from '../ground';
import { readPackageJson, type Delivered } from '../paper';

/** Events are whole, and about this item. */
export function assertAbout(ground: Ground, item: Delivered, events: readonly MessageEvent[]): void {
  assert(events.length > 0, 'no event came of it');
  const manifest = parseManifest(readPackageJson(ground.paper.packageJson));
  const channel = manifest && 'manifest' in manifest ? manifest.manifest.channel : undefined;
  for (const event of events) {
    if (channel !== undefined)
      assert.equal(event.channel, channel, 'the event has another channel than the manifest');
    assert.equal(event.address, ground.markOf(item), 'the event is about another address');
    assert.match(event.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'the time is not ISO 8601 in UTC');
    assert(event.type !== 'bounced' || event.bounce, 'a bounce is hard or soft');
    // What a campaign system sends is its own: no message of the hub's is behind it.
    if (ground.paper.operation !== 'send') continue;
    const named = event.providerId === item.providerId && item.providerId !== undefined;
    assert(named || event.effectKey === item.key, 'neither providerId nor effectKey names the message');
  }
}
