import { eventually, reference, type Stage, type Whole } from './stage';

const DAY = 86_400_000;

export function orderLifecycle(stage: () => Stage): void {
  it('the lifecycle of an order: each order of a person goes its own way, in whatever order its events come', async () => {
    const { sendgrid, carrier, world } = stage();
    const { clock } = world;
    const to = async (user: string): Promise<string[]> =>
      (await sendgrid.messages())
        .filter((one) => one.to === `${user}@order.example`)
        .map(({ subject, content }) => `${subject}: ${content[0]?.value}`)
        .sort();
    const journey = await stage().publish(await stage().import(reference('order-lifecycle')));
    await stage().settle(
      ['una', 'vic'].map((user) => stage().person(user, { email: `${user}@order.example` }, { email: true })),
    );
    const about = (user: string, event: string, order: string, more: object = {}) =>
      stage().did(user, event, { order_id: order, ...more });
    const bought = (user: string, order: string, country: string) =>
      about(user, 'Order Completed', order, { country });
    const first = bought('una', 'A', 'SE');
    // One is told twice, one is said twice, and of one the carrier knows nothing.
    await stage().send([
      ...[first, first, bought('una', 'A', 'SE'), bought('una', 'B', 'SE'), bought('una', 'C', 'SE')],
      bought('vic', 'D', 'XX'),
    ]);
    const thanks = (order: string): string =>
      `Thank you for order ${order}: It arrives on Friday with PostNord.`;
    const unas = ['A', 'B', 'C'].map(thanks);
    const vics = ['Thank you for order D: We tell you when it is on its way.'];
    await eventually('her confirmations', () => to('una'), unas);
    await eventually('his confirmation', () => to('vic'), vics);
    expect([...carrier.asked].sort()).toEqual(['A', 'B', 'C', 'D']);

    const shipped = (order: string) => about('una', 'Order Shipped', order, { tracking: `SE-${order}` });
    await stage().settle([about('una', 'Order Cancelled', 'C')]);
    await stage().settle([
      ...[shipped('A'), shipped('A'), shipped('C')],
      // It arrives before anybody says that it was sent.
      ...[about('una', 'Order Delivered', 'B'), shipped('B')],
    ]);
    await stage().settle([about('una', 'Order Delivered', 'A'), about('una', 'Order Delivered', 'A')]);
    unas.unshift('Order A is on its way: Follow it by its number: SE-A');
    await eventually('what became of A', () => to('una'), unas);
    const resting = async () =>
      (await stage().report(journey)).steps.find(({ id }) => id === 'a-week')!.waiting;
    // Before time moves on: who is taken up days late waits from then.
    await eventually('A and B to rest for a week', resting, 2);

    clock.moveTo(clock.now() + 7 * DAY);
    unas.unshift(...['A', 'B'].map((order) => `How do you like order ${order}?: Two minutes for a review?`));
    await eventually('the reviews asked for', () => to('una'), [...unas].sort());
    clock.moveTo(clock.now() + 4 * DAY);
    vics.unshift('Order D is late: We are looking into it.');
    await eventually('that his is late', () => to('vic'), [...vics].sort());
    clock.moveTo(clock.now() + 20 * DAY);
    await stage().send([bought('una', 'A', 'SE')]);
    await eventually(
      'the report',
      async () => {
        const { entered, inside, ended, refused } = await stage().report(journey);
        return { entered, inside, ended, refused };
      },
      { entered: 4, inside: 0, ended: { completed: 3, exit: 1 }, refused: { inside: 1, reentry: 1 } },
    );
    expect([await to('una'), await to('vic')]).toEqual([[...unas].sort(), [...vics].sort()]);

    const told = await stage().told(journey, 'una');
    const of = (order: string): Whole => told.find(({ key }) => key === order)!;
    expect(of('A').context).toMatchObject({
      arrives: 'Friday',
      carrier: 'PostNord',
      shipment: { tracking: 'SE-A' },
    });
    expect(steps(of('A'))).toEqual(
      [
        'date',
        'confirm',
        'both',
        'shipping',
        'on-its-way',
        'received',
        'a-week',
        'review',
        'followed',
      ].sort(),
    );
    expect(steps(of('B'))).toEqual(steps(of('A')).filter((step) => step !== 'on-its-way'));
    expect(of('C').endReason).toBe('exit');
    expect(of('C').trace.at(-1)).toMatchObject({ what: 'ended', detail: { event: 'Order Cancelled' } });
    expect(of('C').messages.map(({ operation }) => operation)).toEqual(['call', 'send']);
    const [vic] = await stage().told(journey, 'vic');
    expect(vic!.trace.find(({ step, what }) => step === 'date' && what === 'left')?.detail).toMatchObject({
      status: 'rejected',
    });
    // The branches came together, and only then it was said.
    const followed = async (user: string) =>
      (await stage().profileOf(user)).traits['last_order_followed']?.value;
    await eventually('what is said of him', () => followed('vic'), 'D');
    await eventually('what is said of her', async () => /^[AB]$/.test(String(await followed('una'))), true);
  });
}

/** Steps it came by, each once. */
const steps = ({ trace }: Whole): string[] =>
  [...new Set(trace.map(({ step }) => step))].filter(Boolean).sort();
