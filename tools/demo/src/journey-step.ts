import { Call } from './behaviour';
import { check, Check, StoryContext } from './context';
import { Customer } from './customers';
import { poll } from './hub-api';
import { ingest } from './ingest-step';
import { leftCarts } from './left-carts';
import { CART_REMINDER, CART_WAIT_MINUTES, cartJourney } from './shop';

const MINUTE = 60_000;
const DAYS = 30;
/** In the test a minute is a quarter of a second. */
const SPEED = 240;
const TESTERS = 40;

export interface Journey {
  id: string;
  name: string;
}

interface Simulation {
  id: string;
  state: string;
  persons: number;
  tookMs: number;
  byStep: { outcomes: Record<string, number> }[];
}

export function createJourney({ admin }: StoryContext, connectorId: string): Promise<Journey> {
  return admin.post<Journey>('/v1/journeys', {
    name: 'Cart left behind',
    definition: cartJourney(connectorId),
  });
}

/** What the journey would have done over the past that was imported, held against a count of the shop's own. */
export async function simulate(
  context: StoryContext,
  journey: Journey,
  history: readonly Call[],
): Promise<Check> {
  const { admin, say, now } = context;
  const until = now.getTime();
  const from = until - DAYS * 24 * 60 * MINUTE;
  const simulations = `/v1/journeys/${journey.id}/simulations`;
  const { id } = await admin.post<Simulation>(simulations, {
    from: new Date(from).toISOString(),
    until: now.toISOString(),
    eventTime: 'occurred',
  });
  const done = await poll(
    () => admin.get<Simulation>(`${simulations}/${id}`),
    ({ state }) => state === 'done' || state === 'failed',
    { what: `simulation of ${journey.name}` },
  );
  const accepted = done.byStep.reduce((sum, { outcomes }) => sum + (outcomes['accepted'] ?? 0), 0);
  say(
    `${journey.name}: simulated over the last ${DAYS} days, ${done.persons} customers in ${(done.tookMs / 1000).toFixed(1)} s: ` +
      `${accepted} would have been reminded`,
  );
  const whom = new Set(context.customers.filter(reachable).map(({ userId }) => userId));
  const counted = leftCarts(history, { from, until, waitMs: CART_WAIT_MINUTES * MINUTE }, whom);
  return check(
    `${journey.name}: simulated reminders = carts left in the shop’s own record`,
    counted,
    accepted,
  );
}

/** Some customers fill a cart, and half of them buy: tried with waits made short. */
export async function tryOut(context: StoryContext, journey: Journey): Promise<Check[]> {
  const { admin, sink, say } = context;
  const testers = context.customers.filter((one) => reachable(one) && !bounces(one)).slice(0, TESTERS);
  const path = `/v1/journeys/${journey.id}`;
  await admin.post(`${path}/test`, { speed: SPEED, profiles: await profilesOf(context, testers) });
  const buyers = testers.filter((_, index) => index % 2 === 0);
  const at = new Date();
  await ingest(context, [
    ...testers.map((one) => said(one, at, 'Product Added')),
    ...buyers.map((one) => said(one, at, 'Order Completed')),
  ]);
  const report = await poll(
    () => admin.get<{ entered: number; inside: number; walked: { reached: number } }>(`${path}/report`),
    ({ entered, inside }) => entered >= TESTERS && inside === 0,
    { what: `test of ${journey.name}` },
  );
  const left = testers.filter((one) => !buyers.includes(one)).map(({ email }) => email);
  const reminded = (
    await poll(
      async () => (await sink.messages()).filter(({ subject }) => subject === CART_REMINDER),
      (messages) => messages.length >= left.length,
      { what: 'reminders' },
    )
  ).map(({ envelope }) => envelope.to.join());
  say(
    `${journey.name}: ${report.entered} tried it, ${report.walked.reached} bought in time, ${reminded.length} were reminded`,
  );
  return [
    check(`${journey.name}: who bought in time left it`, buyers.length, report.walked.reached),
    check(`${journey.name}: reminders sent`, left.length, reminded.length),
    check(
      `${journey.name}: reminded who had not bought`,
      left.length,
      left.filter((one) => reminded.includes(one!)).length,
    ),
  ];
}

const reachable = ({ email, emailConsent }: Customer): boolean => emailConsent && email !== undefined;
const bounces = ({ email }: Customer): boolean => email!.endsWith('@bounce.example');

function said({ userId }: Customer, timestamp: Date, event: string): Call {
  const properties = { order_id: `o-cart-${userId}`, price: 49.9, revenue: 49.9, currency: 'EUR' };
  return { type: 'track', messageId: `cart-${event}-${userId}`, timestamp, userId, event, properties };
}

async function profilesOf({ admin }: StoryContext, customers: readonly Customer[]): Promise<string[]> {
  const ids: string[] = [];
  for (const { userId } of customers) {
    const params = { namespace: 'user_id', value: userId };
    const { data } = await admin.get<{ data: { id: string }[] }>('/v1/profiles', { params });
    ids.push(...data.map(({ id }) => id));
  }
  return ids;
}
