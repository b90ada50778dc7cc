import assert from 'node:assert/strict';
import type { Item } from '@percorso/plugin-kit';
import { expectAll, type Ground } from '../ground';
import type { Question } from './question';

/** Batches, item by item. */
export function deliveries(): Question[] {
  return [
    { name: 'a full batch is accepted, each item once', ask: fullBatch },
    {
      name: 'refused items fail alone, wherever they stand, with reasons that quote nobody',
      ask: partialFailure,
    },
    { name: 'an oversized item fails alone', ask: oversized },
    { name: 'the same item twice has the effect its idempotency says', ask: twice },
    { name: 'two items for one recipient go out side by side', ask: sideBySide },
    { name: 'lookup tells what arrived', ask: lookup },
    { name: 'a removed item is gone, and removing it again is no failure', ask: erasure },
  ];
}

async function fullBatch(ground: Ground): Promise<void> {
  const items = ground.items(ground.limits.batch);
  expectAll(await ground.deliver(items), 'accepted');
  await ground.arrivedTimes(1, ...items);
}

async function partialFailure(ground: Ground): Promise<void> {
  const items = ground.items(Math.min(ground.limits.batch, 20));
  const places = new Set([0, Math.floor(items.length / 2), items.length - 1].slice(0, items.length));
  const bad = new Set<Item>();
  for (const at of places) {
    const item = ground.item(await ground.paper.refused(ground.twin));
    items[at] = item;
    bad.add(item);
  }
  const verdicts = await ground.deliver(items);
  items.forEach((item, at) => {
    const verdict = verdicts[at];
    if (!bad.has(item)) return assert.equal(verdict?.status, 'accepted', JSON.stringify(verdict));
    assert(verdict?.status === 'rejected', `expected rejected, not ${JSON.stringify(verdict)}`);
    assert(verdict.code !== '' && verdict.reason !== '', 'a rejection needs a code and a reason');
    assert(!verdict.reason.includes(ground.markOf(item)), 'the reason quotes the person');
  });
  await ground.arrivedTimes(1, ...items.filter((item) => !bad.has(item)));
  await ground.arrivedTimes(0, ...bad);
}

async function oversized(ground: Ground): Promise<void> {
  const [first, last] = ground.items(2) as [Item, Item];
  const big = ground.item(ground.paper.oversized());
  const items =
    ground.limits.batch === 1 ? [big] : ground.limits.batch === 2 ? [first, big] : [first, big, last];
  const verdicts = await ground.deliver(items);
  items.forEach((item, at) => {
    assert.equal(verdicts[at]?.status, item === big ? 'rejected' : 'accepted', JSON.stringify(verdicts[at]));
  });
  await ground.arrivedTimes(0, big);
}

async function twice(ground: Ground): Promise<void> {
  const items = ground.items(1);
  expectAll(await ground.deliver(items), 'accepted');
  expectAll(await ground.deliver(items), 'accepted');
  const once = ground.limits.idempotency === 'native-key' || ground.limits.idempotency === 'upsert';
  await ground.arrivedTimes(once ? 1 : 2, ...items);
}

/** Of two profiles that share an address: neither may cost the other. */
async function sideBySide(ground: Ground): Promise<void> {
  if (ground.limits.batch === 1) return;
  const [one, other] = ground.items(2) as [Item, Item];
  const same = ground.item({ ...one.payload });
  expectAll(await ground.deliver([one, same, other].slice(0, ground.limits.batch)), 'accepted');
  await ground.arrivedTimes(ground.limits.idempotency === 'upsert' ? 1 : 2, one);
  if (ground.limits.batch > 2) await ground.arrivedTimes(1, other);
}

async function lookup(ground: Ground): Promise<void> {
  if (!ground.paper.plugin.lookup) {
    assert.notEqual(ground.limits.idempotency, 'lookup', 'idempotency "lookup" needs lookup');
    return;
  }
  const [here, never] = ground.items(2) as [Item, Item];
  expectAll(await ground.deliver([here]), 'accepted');
  const outcome = await ground.run.lookup([never, here]);
  assert('value' in outcome, JSON.stringify(outcome));
  assert.deepEqual(outcome.value, ['absent', 'accepted']);
}

/** What the core does with a person who is erased or left the audience. */
async function erasure(ground: Ground): Promise<void> {
  if (!ground.paper.plugin.remove) return;
  const [gone, stays, never] = ground.items(3) as [Item, Item, Item];
  for (const item of [gone, stays]) expectAll(await ground.deliver([item]), 'accepted');
  const again = { ...gone, key: `${gone.key}:again` };
  for (const item of [{ ...gone, key: `${gone.key}:out` }, again, never])
    expectAll(await ground.deliver([item], { operation: 'remove' }), 'accepted');
  await ground.arrivedTimes(0, gone, never);
  await ground.arrivedTimes(1, stays);
}
