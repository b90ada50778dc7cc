import { newId } from '@percorso/kernel';
import type { ScriptedPerson } from '../testing/scripted-simulator';
import { DAY, FROM, type SimulationDesk, useSimulationDesk } from '../testing/simulation-desk';

describe('comparisons of simulations', () => {
  let desk: SimulationDesk;
  useSimulationDesk((own) => (desk = own));

  it('hold two versions against each other: who, when, what, and step by step', async () => {
    const at = FROM + 5 * DAY;
    const once = (n: number, more: object = {}, step = 'remind'): ScriptedPerson =>
      desk.walker(n, { messages: [{ step, at, connectorId: desk.mail, payload: { text: 'Hi' }, ...more }] });
    const first = await desk.simulate([once(1), once(2), once(3)]);
    const second = await desk.simulate(
      [once(1), once(2, { at: at + 1000 }), once(4, { payload: {} }, 'again')],
      {
        responses: { rules: [{ percent: 5, outcome: { status: 'rejected' } }] },
      },
    );
    const third = await desk.simulate([once(1, { payload: { text: 'Hello' } }), once(2), once(3)]);
    const nothing = { same: 0, otherTime: 0, otherContent: 0, onlyFirst: 0, onlySecond: 0 };
    expect(await desk.read(`${first}/comparison?with=${second}`)).toMatchObject({
      ...{ first: { id: first, entered: 3, messages: 3 }, second: { id: second }, sameResponses: false },
      profiles: { both: 2, onlyFirst: 1, onlySecond: 1 },
      messages: { ...nothing, same: 1, otherTime: 1, onlyFirst: 1, onlySecond: 1 },
      steps: [
        { id: 'wait', messages: null },
        {
          id: 'remind',
          first: { entered: 3 },
          second: { entered: 2 },
          messages: { ...nothing, same: 1, otherTime: 1, onlyFirst: 1 },
        },
        { id: 'again', messages: { ...nothing, onlySecond: 1 } },
      ],
    });
    const rows = `${first}/comparison/messages?with=${second}`;
    const page = await desk.read(`${rows}&limit=2`);
    expect(page.data).toMatchObject([
      {
        ...{ profileId: desk.profiles[1], step: 'remind', differences: ['time'] },
        ...{ first: { at: '2026-05-06T00:00:00.000Z' }, second: { at: '2026-05-06T00:00:01.000Z' } },
      },
      {
        profileId: desk.profiles[2],
        differences: ['first'],
        first: { payload: { text: 'Hi' } },
        second: null,
      },
    ]);
    expect(await desk.data(`${rows}&cursor=${String(page.next)}`)).toMatchObject([
      { profileId: desk.profiles[3], step: 'again', differences: ['second'], first: null },
    ]);
    expect(await desk.data(`${rows}&difference=second`)).toHaveLength(1);
    expect(await desk.data(`${rows}&difference=content`)).toHaveLength(0);
    expect(await desk.data(`${rows}&step=again`)).toHaveLength(1);
    expect(await desk.data(`${rows}&profile=${desk.profiles[1]}`)).toHaveLength(1);
    expect(await desk.data(`${first}/comparison/messages?with=${third}`)).toMatchObject([
      { profileId: desk.profiles[0], differences: ['content'], second: { payload: { text: 'Hello' } } },
    ]);
    expect(await desk.read(`${first}/comparison?with=${first}`)).toMatchObject({
      messages: { ...nothing, same: 3 },
    });
  });

  it('are not compared over other windows, with others’, or before they are done', async () => {
    const first = await desk.simulate([desk.walker(1)]);
    const compared = (id: string) => desk.shop.call('GET', `${desk.url}/${first}/comparison?with=${id}`);
    for (const window of [{ until: '2026-05-31' }, { from: '2026-05-02' }, { eventTime: 'occurred' }]) {
      expect(await compared(await desk.simulate([desk.walker(1)], window))).toMatchObject({
        status: 422,
        body: { errors: [{ pointer: 'with', code: 'other-window' }] },
      });
    }
    expect(await compared(newId())).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: 'with', code: 'unknown-simulation' }] },
    });
    expect(await compared(await desk.ask())).toMatchObject({ status: 409, body: { code: 'not-done' } });
  });
});
