import { eventually, reference, type Stage } from './stage';

const HOUR = 3_600_000;

export function abandonedCart(stage: () => Stage): void {
  it('an abandoned cart: reminded, and once more unless she clicks or buys', async () => {
    const { world, sendgrid, api, context } = stage();
    const { clock } = world;
    const subjectsTo = async (user: string): Promise<(string | undefined)[]> =>
      (await sendgrid.messages())
        .filter(({ to }) => to === `${user}@cart.example`)
        .map(({ subject }) => subject);
    const users = ['ann', 'ben', 'cleo', 'dora', 'tim'];
    await stage().settle(
      users.map((user) => stage().person(user, { email: `${user}@cart.example` }, { email: true })),
    );
    const { url: hook } = await api.post<{ url: string }>(
      `/v1/connectors/${stage().connector('Email')}/hooks`,
    );
    const fills = (user: string, total = 42): object => ({ cart_id: `cart-${user}`, total });
    const left = (user: string, total?: number) =>
      stage().did(user, 'Cart Updated', { ...fills(user, total) });

    // First a colleague tries it: for him an hour is six seconds, and for nobody else it is there. Before his day is over it
    // is live, however slow the machine is.
    const journey = await stage().import(reference('abandoned-cart'));
    const any = { headers: { 'if-match': '*' } };
    const profiles = [(await stage().profileOf('tim')).id];
    await api.post(`/v1/journeys/${journey}/test`, { speed: 600, profiles }, any);
    await stage().send([left('tim'), left('ann')]);
    await eventually('his reminder', () => subjectsTo('tim'), ['Your cart is waiting: cart-tim']);
    const refused = async () => (await stage().report(journey)).refused;
    await eventually('that it is for nobody else', refused, { 'not-marked': 1 });
    await stage().publish(journey);
    const ended = async () => (await stage().report(journey)).ended;
    // Before time moves on: he would have walked to the end.
    await eventually('that his test is over', ended, { stopped: 1 });

    await stage().settle([...['ann', 'ben', 'cleo'].map((user) => left(user)), left('dora', 3)]);
    await stage().settle([stage().did('cleo', 'Order Completed', { cart_id: 'cart-cleo' })]);
    const walking = async () => {
      const { inside, ended: out } = await stage().report(journey);
      return { inside, out };
    };
    // Before time moves on: who is taken up hours late waits from then.
    await eventually('two to wait', walking, { inside: 2, out: { goal: 1, stopped: 1 } });
    clock.moveTo(clock.now() + HOUR);
    const waiting = (user: string): string => `Your cart is waiting: cart-${user}`;
    for (const user of ['ann', 'ben'])
      await eventually('the reminder', () => subjectsTo(user), [waiting(user)]);
    await sendgrid.webhook({
      events: [{ to: 'ann@cart.example', event: 'click', fields: { url: 'https://shop.example/cart' } }],
      url: hook.replace(/^https?:\/\/[^/]+/, context.hubUrl),
    });
    await eventually(
      'what the journey says of her',
      async () => (await stage().profileOf('ann')).traits['cart_clicked']?.value,
      true,
    );
    clock.moveTo(clock.now() + 24 * HOUR);
    await eventually('the second', () => subjectsTo('ben'), [waiting('ben'), 'Still there: cart-ben']);
    await eventually('everybody to have left', ended, { completed: 2, goal: 1, stopped: 1 });
    expect(await subjectsTo('ann')).toEqual([waiting('ann')]);
    expect([await subjectsTo('cleo'), await subjectsTo('dora')]).toEqual([[], []]);
    const ends = await Promise.all(
      ['ann', 'ben', 'cleo'].map(async (user) =>
        (await stage().told(journey, user)).map((one) => one.endReason),
      ),
    );
    expect(ends).toEqual([['completed'], ['completed'], ['goal']]);
  });
}
