import { homesOf, Resolution } from '@percorso/identity';
import { Transaction } from '@percorso/storage';
import { addSaying, emptyFragment, Fragment, mergeFragments, Saying, visibleContent } from './fragment';
import { loadFragments, saveFragments, saveSeen, Seen } from './fragment.store';
import { GoodItem } from './log-item';
import { PolicyInForce, policyInForce } from './merge-policy/merge-policy.store';
import { foundProfiles, markMerged, ProfileContent, saveProfiles } from './profile.store';
import { sayingOf, saysSomething } from './sayings';

type PlacedItem = GoodItem & { home: number; person: number };

/**
 * Bring fragments and profiles up to what `events` say. Homes that were only seen take a light path; those told
 * something are read, changed and written, and so are the profiles of all they belong to.
 */
export async function applySayings(
  tx: Transaction,
  events: readonly PlacedItem[],
  resolution: Resolution,
  now: Date,
): Promise<void> {
  const sayings = new Map<number, Saying[]>();
  const persons = new Map<number, number>();
  for (const event of events) {
    const said = sayings.get(event.home);
    if (said) said.push(sayingOf(event));
    else sayings.set(event.home, [sayingOf(event)]);
    persons.set(event.home, event.person);
  }
  const founders = resolution.created.filter((node) => node.node === node.home);
  const founded = new Set(founders.map((founder) => founder.node));
  const fragments = new Map<number, Fragment>();
  for (const founder of founders) {
    const at = sayings.get(founder.node)?.[0]?.occurredAt ?? events[founder.event]!.item.timestamp;
    fragments.set(founder.node, emptyFragment(at));
  }
  const told = [...sayings].filter(([home, said]) => !founded.has(home) && said.some(saysSomething));
  const changing = new Set([
    ...told.map(([home]) => persons.get(home)!),
    ...resolution.merges.map((merge) => resolution.personOf(merge.winner)),
    ...founders.map((founder) => founder.person),
  ]);
  const [policy, homes] = await Promise.all([policyInForce(tx), homesToRead(tx, [...changing], resolution)]);
  for (const [home, fragment] of await loadFragments(tx, [...homes.values()].flat())) {
    fragments.set(home, fragment);
  }
  const before = contents(homes, fragments, policy);
  for (const [home, said] of sayings) {
    const fragment = fragments.get(home);
    if (fragment) for (const saying of said) addSaying(fragment, saying);
  }
  await saveFragments(
    tx,
    [...fragments].filter(([home]) => sayings.has(home) || founded.has(home)),
  );
  await saveSeen(tx, seenOnly(sayings, fragments));

  const merged = new Set(resolution.merges.map((merge) => merge.loser));
  await foundProfiles(
    tx,
    founders
      .filter((founder) => merged.has(founder.node))
      .map((founder) => ({ person: founder.node, merged: true })),
    now,
  );
  await saveProfiles(tx, after(homes, fragments, before, resolution, policy), now);
  if (merged.size > 0) await markMerged(tx, [...merged], now);
}

/** The homes of each person; one that was founded just now and merged with none has but its own. */
async function homesToRead(
  tx: Transaction,
  persons: readonly number[],
  resolution: Resolution,
): Promise<Map<number, number[]>> {
  const winners = new Set(resolution.merges.map((merge) => resolution.personOf(merge.winner)));
  const founded = new Set(resolution.created.map((node) => node.node));
  const alone = persons.filter((person) => founded.has(person) && !winners.has(person));
  const known = new Set(alone);
  const homes = await homesOf(
    tx,
    persons.filter((person) => !known.has(person)),
  );
  for (const person of alone) homes.set(person, [person]);
  return homes;
}

function contents(
  homes: ReadonlyMap<number, number[]>,
  fragments: ReadonlyMap<number, Fragment>,
  { ranks }: PolicyInForce,
): Map<number, string> {
  const texts = new Map<number, string>();
  for (const [person, own] of homes) {
    const said = own.flatMap((home) => fragments.get(home) ?? []);
    if (said.length > 0) texts.set(person, visibleContent(mergeFragments(said, ranks)));
  }
  return texts;
}

function after(
  homes: ReadonlyMap<number, number[]>,
  fragments: ReadonlyMap<number, Fragment>,
  before: ReadonlyMap<number, string>,
  resolution: Resolution,
  policy: PolicyInForce,
): ProfileContent[] {
  const winners = new Set(resolution.merges.map((merge) => resolution.personOf(merge.winner)));
  return [...homes].flatMap(([person, own]) => {
    const said = own.flatMap((home) => fragments.get(home) ?? []);
    if (said.length === 0) return [];
    const content = mergeFragments(said, policy.ranks);
    // What is stored of one who awaits the policy is not what came before by it.
    const visible =
      winners.has(person) || policy.awaits(person) || before.get(person) !== visibleContent(content);
    return [{ person, content, visible }];
  });
}

function seenOnly(sayings: ReadonlyMap<number, Saying[]>, fragments: ReadonlyMap<number, Fragment>): Seen[] {
  return [...sayings]
    .filter(([home]) => !fragments.has(home))
    .map(([home, said]) => {
      const times = said.map((saying) => saying.occurredAt.getTime());
      return {
        home,
        first: new Date(Math.min(...times)),
        last: new Date(Math.max(...times)),
      };
    });
}
