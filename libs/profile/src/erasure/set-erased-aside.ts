import { Namespace } from '@percorso/identity';
import { redactLog } from '@percorso/ingest';
import { Transaction } from '@percorso/storage';
import { isErased, ERASED, LogItem } from '../log-item';
import { saveQuarantine } from '../quarantine.store';
import { namedIdentities, readPayload } from './named-identities';
import { hasTombstones, namingErased } from './tombstone.store';

/**
 * Keep out what names somebody erased: such items are quarantined without their content, which leaves the log too. The
 * caller holds the identity lock, so that an erasure is either seen here or finds what was applied.
 * @returns the others
 */
export async function setErasedAside(
  tx: Transaction,
  partition: number,
  items: readonly LogItem[],
  namespaces: readonly Namespace[],
): Promise<LogItem[]> {
  const known = items.filter((item) => isErased(item));
  const open = items.filter((item) => !isErased(item));
  const found = (await hasTombstones(tx))
    ? await namingErased(
        tx,
        open.map((item) => namedIdentities(item.parsed, () => readPayload(item.payload), namespaces)),
      )
    : [];
  if (known.length + found.length === 0) return open;
  const named = new Set(found.map((index) => open[index]!));
  await redactLog(
    tx,
    partition,
    [...named].map(({ pos }) => pos),
  );
  await saveQuarantine(
    tx,
    partition,
    [...known, ...named].map((item) => ({
      ...item,
      payload: Buffer.alloc(0),
      parsed: { quarantine: ERASED },
      refusal: ERASED,
    })),
  );
  return open.filter((item) => !named.has(item));
}
