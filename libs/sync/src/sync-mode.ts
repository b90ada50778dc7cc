import type { ConnectorDescription } from '@percorso/connector';
import type { FieldError } from '@percorso/kernel';

export const SYNC_MODES = ['full', 'mirror', 'incremental', 'update-only', 'append'] as const;
/** What a sync tells of an audience; docs/admin.md has the table. */
export type SyncMode = (typeof SYNC_MODES)[number];

/** How a mode reads an audience and what it tells. */
export interface ModeRule {
  /** Every run tells every member anew, and reads nothing else. */
  everyRun: boolean;
  /** Members told before are told again when they map to something else. */
  changes: boolean;
  /** What is told when a member leaves: nothing, what the exit mapping says, or else a removal. */
  exits: 'none' | 'mapped' | 'removed';
  /** Only of those the target has already, by what syncs of the same connector were told. */
  onlyKnown: boolean;
  /** Each person once, however often they enter. */
  once: boolean;
}

const NOTHING_MORE: ModeRule = {
  everyRun: false,
  changes: false,
  exits: 'none',
  onlyKnown: false,
  once: false,
};

export const MODE_RULES: Readonly<Record<SyncMode, ModeRule>> = {
  full: { ...NOTHING_MORE, everyRun: true },
  mirror: { ...NOTHING_MORE, changes: true, exits: 'removed' },
  incremental: { ...NOTHING_MORE, changes: true, exits: 'mapped' },
  'update-only': { ...NOTHING_MORE, changes: true, onlyKnown: true },
  append: { ...NOTHING_MORE, once: true },
};

type Capable = Pick<ConnectorDescription, 'kind' | 'capabilities'>;

/** The mode of a sync that names none. */
export const defaultMode = ({ kind, capabilities }: Capable): SyncMode =>
  kind === 'campaign' && capabilities.remove ? 'mirror' : 'incremental';

/** What of a sync its mode must go with. */
export interface ModeNeeds {
  mode: SyncMode;
  exitMapping: boolean;
  onDelta: boolean;
}

/** Everything a mode needs and does not have. */
export function modeMistakes({ mode, exitMapping, onDelta }: ModeNeeds, connector: Capable): FieldError[] {
  const { exits, onlyKnown, everyRun } = MODE_RULES[mode];
  const { send, upsert, remove } = connector.capabilities;
  const mistakes: FieldError[] = [];
  const lacks = (capability: string): void => {
    mistakes.push({
      pointer: '/mode',
      code: 'unsupported-mode',
      message: `The mode ${mode} needs a connector that can ${capability}; this one's plugin cannot.`,
    });
  };
  if (exits === 'removed' || onlyKnown) {
    if (!upsert) lacks('upsert');
  } else if (!send && !upsert) lacks('send or upsert');
  if (exits === 'removed' && !remove && !exitMapping) lacks('remove');
  if (exits === 'none' && exitMapping) {
    mistakes.push({
      pointer: '/exitMappingId',
      code: 'mode-tells-no-exits',
      message: `The mode ${mode} tells nothing of members who leave.`,
    });
  }
  if (everyRun && onDelta) {
    mistakes.push({
      pointer: '/triggers/onDelta',
      code: 'full-on-delta',
      message: 'The mode full would tell every member anew at every change.',
    });
  }
  return mistakes;
}
