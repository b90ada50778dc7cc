import { liftOf, reportOf } from './report';

const STEPS = [
  { id: 'rest', kind: 'wait' as const },
  { id: 'mail', kind: 'send' as const },
];

describe('reportOf', () => {
  it('adds up steps and reasons', () => {
    const report = reportOf(
      [
        { step: '', what: 'entered', count: 100 },
        { step: '', what: 'holdout', count: 20 },
        { step: '', what: 'goal', count: 30 },
        { step: '', what: 'holdout-goal', count: 2 },
        { step: '', what: 'window', count: 100 },
        { step: '', what: 'holdout-window', count: 20 },
        { step: '', what: 'window-over', count: 60 },
        { step: '', what: 'holdout-window-over', count: 10 },
        { step: '', what: 'window-reached', count: 21 },
        { step: '', what: 'holdout-window-reached', count: 1 },
        { step: '', what: 'ended:completed', count: 40 },
        { step: '', what: 'ended:goal', count: 30 },
        { step: '', what: 'refused:inside', count: 7 },
        { step: 'rest', what: 'entered', count: 80 },
        { step: 'rest', what: 'left', count: 45 },
        { step: 'rest', what: 'stopped', count: 5 },
        { step: 'mail', what: 'passed', count: 45 },
        { step: 'mail', what: 'error', count: 1 },
      ],
      STEPS,
    );
    expect(report).toMatchObject({
      ...{ entered: 100, inside: 30, ended: { completed: 40, goal: 30 }, refused: { inside: 7 } },
      walked: { entered: 80, reached: 28, pending: { entered: 30, reached: 8 }, rate: 0.4 },
      heldOut: { entered: 20, reached: 2, pending: { entered: 10, reached: 1 }, rate: 0.1 },
      steps: [
        { id: 'rest', kind: 'wait', entered: 80, left: 45, waiting: 30, errors: 0 },
        { id: 'mail', kind: 'send', entered: 45, left: 45, waiting: 0, errors: 1 },
      ],
    });
    expect(report.lift?.difference).toBeCloseTo(0.3);
  });

  it('says nothing of nobody', () => {
    expect(reportOf([], STEPS)).toMatchObject({ entered: 0, inside: 0, walked: { rate: null }, lift: null });
  });

  it('gives the interval of a difference of proportions', () => {
    // 0.2 − 0.15 ± 1.96 · √(0.2·0.8/1000 + 0.15·0.85/500)
    const lift = liftOf({ entered: 1000, reached: 200 }, { entered: 500, reached: 75 })!;
    expect([lift.difference, lift.from, lift.to].map((value) => value.toFixed(4))).toEqual([
      '0.0500',
      '0.0101',
      '0.0899',
    ]);
  });
});
