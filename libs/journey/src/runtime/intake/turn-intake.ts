import { Injectable } from '@nestjs/common';
import { type EffectNews, readEffectNews } from '@percorso/delivery';
import type { Held, Transaction } from '@percorso/storage';
import { arrange, type ArrivalStream, type EntryRequest } from './arrivals';
import { CursorStore, furthestBack } from './cursor.store';
import { outcomeOf } from './effect-outcome';
import { HeldStore } from './held.store';
import { InstanceStore } from '../keep/instance.store';
import type { JourneyPlan } from '../plan/journey-plan';
import { LogReader } from './log-reader';
import { type ReadPage, ReadStore } from './read.store';
import { RequestStore } from './request.store';
import type { Taken } from './taken';

/** What one turn takes up at most, at full pace. */
const MOST = { logged: 1000, due: 1000, news: 1000, requests: 500, members: 1000 };

/** Takes up what waits, wherever it does, in the order in which it happened. */
@Injectable()
export class TurnIntake {
  constructor(
    private readonly cursors: CursorStore,
    private readonly logs: LogReader,
    private readonly instances: InstanceStore,
    private readonly requests: RequestStore,
    private readonly reads: ReadStore,
    private readonly heldOnes: HeldStore,
  ) {}

  /**
   * @param pace 1 or less: the part of a full turn that is taken up
   * @param released whether what stood still with a paused journey may go on
   */
  async take(
    tx: Transaction,
    plan: JourneyPlan,
    held: readonly Held[],
    now: Date,
    { pace, released }: { pace: number; released: boolean },
  ): Promise<Taken | undefined> {
    const most = (of: keyof typeof MOST): number => Math.max(1, Math.ceil(MOST[of] * pace));
    const found = await this.cursors.read(tx, held);
    if (found.cursors.length === 0) return undefined;
    const share = furthestBack(found);
    const logged = await this.logs.read(tx, plan, share, most('logged'), now);
    const { place, horizon, events, changes } = logged;
    const [due, news, requests, pages, heldRows] = await Promise.all([
      this.instances.due(tx, share, new Date(horizon), most('due')),
      readEffectNews(tx, share, most('news')),
      this.requests.open(tx, share, most('requests')),
      this.reads.pages(tx, plan, share, now, most('members')),
      released ? this.heldOnes.released(tx, plan, share, most('news')) : [],
    ]);
    const outcomes = [...heldRows, ...news.flatMap(newsArrival)];
    const members = pages.flatMap((page) => membersOf(page, now));
    const arrivals = arrange([outcomes, events, changes, requests.map(requestArrival), members]);
    return {
      share,
      place,
      moves: JSON.stringify({ ...share.cursors[0], ...place }) !== JSON.stringify(share.cursors[0]),
      horizon,
      arrivals,
      persons: [...new Set([...arrivals.keys(), ...due.persons])],
      due: new Set(due.persons),
      instanceIds: outcomes.flatMap(({ arrival }) =>
        arrival.kind === 'outcome' ? [arrival.instanceId] : [],
      ),
      news: news.map(({ n }) => n),
      held: heldRows,
      pages,
      count: [events, changes, news, requests, pages, heldRows].reduce(
        (sum, all) => sum + all.length,
        due.count,
      ),
      more:
        logged.more ||
        due.count >= most('due') ||
        news.length >= most('news') ||
        heldRows.length >= most('news') ||
        requests.length >= most('requests') ||
        members.length >= most('members'),
      ...(due.oldest && { oldestDue: due.oldest }),
    };
  }
}

const KEY = /^journey:([0-9a-f-]{36}):(\d+)$/;

function newsArrival({ key, person, state, code, response, at }: EffectNews): ArrivalStream {
  const [, instanceId, visit] = KEY.exec(key) ?? [];
  if (instanceId === undefined) return [];
  const outcome = outcomeOf(state, code, response);
  return [
    { person, arrival: { kind: 'outcome', at: at.getTime(), instanceId, visit: Number(visit), outcome } },
  ];
}

const requestArrival = (request: EntryRequest): ArrivalStream[number] => ({
  person: request.person,
  arrival: { kind: 'request', at: request.at.getTime(), request },
});

const membersOf = ({ read, persons }: ReadPage, now: Date): ArrivalStream =>
  persons.map((person) => ({ person, arrival: { kind: 'member', at: now.getTime(), read } }));
