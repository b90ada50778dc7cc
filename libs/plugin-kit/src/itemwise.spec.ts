import { BadCredentials, BadPayload, TryLater } from './errors';
import { itemwise, partwise } from './itemwise';
import type { Context, Item } from './plugin';
import { accepted, unknown, type Verdict } from './verdict';

const ctx = { signal: new AbortController().signal } as Context<object>;
const items = (count: number): Item[] =>
  Array.from({ length: count }, (_, n) => ({ key: `k${n}`, payload: { n } }));
const numberOf = (item: Item): number => item.payload['n'] as number;

describe('itemwise', () => {
  it('answers in order, a few at a time, however long each takes', async () => {
    let busy = 0;
    let most = 0;
    const deliver = itemwise<object>(
      async (item) => {
        most = Math.max(most, ++busy);
        for (let turns = 0; turns < 10 - numberOf(item); turns++) await Promise.resolve();
        busy--;
        return accepted(item.key);
      },
      { atOnce: 3 },
    );
    const verdicts = await deliver(items(10), ctx);
    expect(verdicts).toEqual(items(10).map(({ key }) => accepted(key)));
    expect(most).toBe(3);
  });

  const failing = (errors: Record<number, Error>, verdict: Verdict = accepted()) =>
    itemwise<object>(
      async (item) => {
        const error = errors[numberOf(item)];
        if (error) throw error;
        return verdict;
      },
      { atOnce: 1 },
    );

  it('makes of what one throws the verdict of that one', async () => {
    const verdicts = await failing({ 1: new BadPayload('no', 'No.'), 2: new Error('?') })(items(4), ctx);
    expect(verdicts.map(({ status }) => status)).toEqual(['accepted', 'rejected', 'unknown', 'accepted']);
  });

  it('lets a fault of the connector speak for all', async () => {
    await expect(failing({ 0: new BadCredentials('Wrong.') })(items(3), ctx)).rejects.toThrow(BadCredentials);
  });

  it.each([accepted(), unknown('lost')])('keeps the answers before a fault: %j', async (verdict) => {
    const verdicts = await failing({ 1: new BadCredentials('Wrong.') }, verdict)(items(3), ctx);
    expect(verdicts.map(({ status }) => status)).toEqual([verdict.status, 'retry', 'retry']);
  });

  it('leaves what is not begun to another time when the provider asks for it', async () => {
    const verdicts = await failing({ 1: new TryLater(7) })(items(4), ctx);
    const later = { status: 'retry', code: 'busy', afterSeconds: 7 };
    expect(verdicts).toEqual([accepted(), later, later, later]);
  });

  it('answers items of parts in the order of the batch', async () => {
    const even = (item: Item): boolean => numberOf(item) % 2 === 0;
    const sizes: number[] = [];
    const deliver = partwise<object>(
      (all) => [all.filter(even), all.filter((item) => !even(item))],
      async (part) => {
        sizes.push(part.length);
        return part.map(({ key }) => accepted(key));
      },
    );
    expect(await deliver(items(5), ctx)).toEqual(items(5).map(({ key }) => accepted(key)));
    expect(sizes).toEqual([3, 2]);
  });

  it('begins nothing after the deadline', async () => {
    const deliver = failing({});
    const verdicts = await deliver(items(2), { ...ctx, signal: AbortSignal.abort() });
    expect(verdicts.map(({ status }) => status)).toEqual(['retry', 'retry']);
  });
});
