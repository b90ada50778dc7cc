import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MappingRunner } from '@percorso/mapping';
import { PAYLOADS } from './mapping-payloads';
import type { PeerRequest } from './mapping-peer-process';
import type { MemberDocument } from './mapping-profiles';

const BATCH = 200;
const PROCESSES = 2;
const ROUNDS = { full: 7, quick: 3 };

type Side = 'hand' | 'compiled' | 'stock';
type Pool = (mapping: number, documents: MemberDocument[]) => Promise<unknown[]>;

/** Rows a second through child processes by round, all mappings one after the other: documents in, payloads out. */
export async function poolRates(
  documents: MemberDocument[],
  quick: boolean,
  hurry: () => boolean,
): Promise<Record<Side, number>[]> {
  const runners = {
    compiled: new MappingRunner({ processes: PROCESSES }),
    stock: new MappingRunner({ processes: PROCESSES, compiled: false }),
  };
  const peer = new PeerPool();
  const outputs =
    (runner: MappingRunner): Pool =>
    async (mapping, rows) =>
      (await runner.run(PAYLOADS[mapping]!.expression, rows)).map((row) => {
        if ('error' in row) throw new RangeError(row.error.message);
        return row.output;
      });
  const pools: Record<Side, Pool> = {
    hand: (mapping, rows) => peer.run(mapping, rows),
    compiled: outputs(runners.compiled),
    stock: outputs(runners.stock),
  };
  try {
    const rounds: Record<Side, number>[] = [];
    for (let round = -1; round < (hurry() ? 1 : ROUNDS[quick ? 'quick' : 'full']); round++) {
      const given: unknown[] = [];
      const rates = { hand: 0, compiled: 0, stock: 0 };
      for (const side of ['hand', 'compiled', 'stock'] as const) {
        const began = performance.now();
        const all: unknown[][] = [];
        for (const mapping of PAYLOADS.keys()) all.push(await pools[side](mapping, documents));
        rates[side] = (documents.length * PAYLOADS.length * 1000) / (performance.now() - began);
        given.push(all);
      }
      if (!given.every((all) => isDeepStrictEqual(all, given[0])))
        throw new RangeError('The pools did not give the same payloads.');
      if (round >= 0) rounds.push(rates);
    }
    return rounds;
  } finally {
    peer.stop();
    for (const runner of Object.values(runners)) runner.close();
  }
}

/** The same work in as many processes, with nothing around it: no guards, no bindings, no signs of life. */
class PeerPool {
  private readonly children = Array.from({ length: PROCESSES }, () =>
    fork(join(__dirname, 'mapping-peer-process.js'), { serialization: 'advanced' }),
  );

  async run(mapping: number, documents: MemberDocument[]): Promise<unknown[]> {
    const results: unknown[] = new Array(documents.length);
    let next = 0;
    const work = async (child: ChildProcess): Promise<void> => {
      for (let from = next; from < documents.length; from = next) {
        next += BATCH;
        const rows = documents.slice(from, from + BATCH).map((document) => JSON.stringify(document));
        const request: PeerRequest = { mapping, documents: `[${rows.join(',')}]` };
        const texts = await new Promise<string[]>((resolve) => {
          child.once('message', (answer: string[]) => resolve(answer));
          child.send(request);
        });
        for (const [index, text] of texts.entries()) results[from + index] = JSON.parse(text) as unknown;
      }
    };
    await Promise.all(this.children.map(work));
    return results;
  }

  stop(): void {
    for (const child of this.children) child.disconnect();
  }
}
