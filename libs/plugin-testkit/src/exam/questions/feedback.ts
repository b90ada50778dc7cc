import assert from 'node:assert/strict';
import type { FeedbackPage, MessageEvent } from '@percorso/plugin-kit';
import type { Run } from '../run';
import type { Ground } from '../ground';
import type { AnyPaper, FeedbackPaper, Stoppable } from '../paper';
import type { Question } from './question';
import { assertAbout } from './told';

/** Pages read in a row: as many as the hub reads. */
const MAX_PAGES = 50;

/** What the provider tells when it is asked, page by page. */
export function feedback(paper: AnyPaper): Question[] {
  const { feedback: told } = paper;
  if (!told) return [];
  return [
    { name: 'feedback tells what became of an item', ask: (ground) => tells(ground, told) },
    {
      name: 'feedback goes on from its cursor, and from an older one tells the same facts again',
      ask: (ground) => goesOn(ground, told),
    },
    { name: 'feedback with wrong credentials is told as such', ask: wrongCredentials },
  ];
}

async function tells(ground: Ground, paper: FeedbackPaper<Stoppable>): Promise<void> {
  const before = await readAll(ground.run, null);
  const item = await ground.delivered();
  await paper.happened(ground.twin, item);
  const { events } = await readAll(ground.run, before.cursor);
  assertAbout(ground, item, events);
}

async function goesOn(ground: Ground, paper: FeedbackPaper<Stoppable>): Promise<void> {
  const start = (await readAll(ground.run, null)).cursor;
  await paper.happened(ground.twin, await ground.delivered());
  const first = await readAll(ground.run, start);
  assert(first.events.length > 0, 'no event came of it');
  const nothing = await readAll(ground.run, first.cursor);
  assert.deepEqual(nothing.events, [], 'what was told is told again from its own cursor');
  await paper.happened(ground.twin, await ground.delivered());
  const second = await readAll(ground.run, nothing.cursor);
  assert(second.events.length > 0, 'what happened later is not told');
  // A hub that dies before it noted the cursor asks from the older one.
  const again = await readAll(ground.run, start);
  assert.deepEqual(
    idsOf(again.events),
    idsOf([...first.events, ...second.events]),
    'told again, the same facts have other ids, or are others',
  );
  assert.equal(new Set(idsOf(again.events)).size, again.events.length, 'two facts have one id');
}

async function wrongCredentials(ground: Ground): Promise<void> {
  const run = ground.begin(ground.paper.wrongCredentials);
  try {
    const outcome = await run.feedback(null);
    assert('fault' in outcome, `expected a fault, not ${JSON.stringify(outcome)}`);
    assert.equal(outcome.fault.code, 'bad-credentials');
  } finally {
    run.close();
  }
}

const idsOf = (events: readonly MessageEvent[]): string[] => events.map(({ id }) => id).sort();

/** As the hub reads: until a page has no events. */
async function readAll(run: Run, from: unknown): Promise<FeedbackPage> {
  const events: MessageEvent[] = [];
  let cursor = from;
  for (let page = 0; page < MAX_PAGES; page++) {
    const outcome = await run.feedback(cursor);
    assert('value' in outcome, JSON.stringify(outcome));
    // The hub keeps it as JSON.
    cursor = JSON.parse(JSON.stringify(outcome.value.cursor ?? cursor ?? null)) as unknown;
    if (outcome.value.events.length === 0) return { events, cursor };
    events.push(...outcome.value.events);
  }
  return assert.fail(`after ${MAX_PAGES} pages there is no end: the cursor does not move`);
}
