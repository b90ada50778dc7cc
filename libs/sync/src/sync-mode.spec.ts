import type { ConnectorDescription } from '@percorso/connector';
import { defaultMode, modeMistakes, SYNC_MODES, type SyncMode } from './sync-mode';

const CAN = { idempotency: 'upsert', batch: 1, perSecond: 1 } as const;
const connector = (kind: 'messaging' | 'campaign', ...can: ('send' | 'upsert' | 'remove')[]) =>
  ({ kind, capabilities: Object.fromEntries(can.map((one) => [one, CAN])) }) as Pick<
    ConnectorDescription,
    'kind' | 'capabilities'
  >;
const CAMPAIGN = connector('campaign', 'upsert', 'remove');
const WRITES_ONLY = connector('campaign', 'upsert');
const MESSAGING = connector('messaging', 'send');

const mistakes = (mode: SyncMode, given: typeof CAMPAIGN, more = {}): string[] =>
  modeMistakes({ mode, exitMapping: false, onDelta: false, ...more }, given).map(
    ({ pointer, code }) => `${pointer} ${code}`,
  );

it('goes with what the plugin can do, mode by mode', () => {
  const allowed = (given: typeof CAMPAIGN): SyncMode[] =>
    SYNC_MODES.filter((mode) => mistakes(mode, given).length === 0);
  expect(allowed(CAMPAIGN)).toEqual(['full', 'mirror', 'incremental', 'update-only', 'append']);
  expect(allowed(WRITES_ONLY)).toEqual(['full', 'incremental', 'update-only', 'append']);
  expect(allowed(MESSAGING)).toEqual(['full', 'incremental', 'append']);
  expect(mistakes('mirror', MESSAGING)).toEqual(['/mode unsupported-mode', '/mode unsupported-mode']);
});

it('mirrors without removing where an exit mapping says what to write', () => {
  expect(mistakes('mirror', WRITES_ONLY, { exitMapping: true })).toEqual([]);
});

it('takes no exit mapping where nothing is told of exits, and full runs not at every change', () => {
  for (const mode of ['full', 'update-only', 'append'] as const) {
    expect(mistakes(mode, CAMPAIGN, { exitMapping: true })).toEqual(['/exitMappingId mode-tells-no-exits']);
  }
  expect(mistakes('full', CAMPAIGN, { onDelta: true })).toEqual(['/triggers/onDelta full-on-delta']);
});

it('is what syncs did before there were modes, where none is named', () => {
  expect([CAMPAIGN, WRITES_ONLY, MESSAGING].map(defaultMode)).toEqual([
    'mirror',
    'incremental',
    'incremental',
  ]);
});
