import type { ComputedTraitView } from './computed-trait.dto';
import type { ComputedTraitRow } from './computed-trait.store';
import { formatTrait } from './trait-text';

export function computedTraitView(row: ComputedTraitRow): ComputedTraitView {
  const { key, description, definition, definitionVersion, drift, error, version, createdAt, updatedAt } =
    row;
  const ready = row.backfilledVersion === definitionVersion;
  return {
    key,
    description,
    definition,
    text: formatTrait(definition) ?? null,
    definitionVersion,
    state: error !== null ? 'failed' : ready ? 'ready' : 'computing',
    asOf: row.asOfPos === null || row.computedAt === null ? null : { pos: row.asOfPos, at: row.computedAt },
    drift: ready ? drift : null,
    error,
    version,
    createdAt,
    updatedAt,
  };
}
