import { csvRecord } from './csv';
import type { ExportCursor } from './export-cursor';
import type { ExportRow } from './export.reader';
import type { Field } from './field-selection';

/** How rows become JSON objects or CSV records; members and deltas differ in how they tell time and removal. */
export class RowWriter {
  constructor(
    private readonly of: ExportCursor['of'],
    private readonly fields: readonly Field[],
    private readonly formulaGuard = false,
  ) {}

  /** {id, …fields, since} of members; {id, …fields, changedAt} or {id, '@removed': {reason}} of deltas. */
  object(row: ExportRow): Record<string, unknown> {
    if ('removed' in row) return { id: row.id, '@removed': { reason: row.removed } };
    const values = this.fields.map(({ name }, index) => [name, row.values[index] ?? null]);
    return {
      id: row.id,
      ...Object.fromEntries(values),
      [this.of === 'members' ? 'since' : 'changedAt']: row.at,
    };
  }

  jsonLine(row: ExportRow): string {
    return `${JSON.stringify(this.object(row))}\n`;
  }

  header(): string {
    const names = this.fields.map(({ name }) => name);
    return csvRecord(
      this.of === 'members' ? ['id', ...names, 'since'] : ['_op', 'id', ...names, 'changedAt', 'reason'],
    );
  }

  record(row: ExportRow): string {
    const removed = 'removed' in row;
    const cells = [row.id, ...(removed ? this.fields.map(() => undefined) : row.values), row.at];
    if (this.of === 'members') return csvRecord(cells, this.formulaGuard);
    const reason = removed ? row.removed : undefined;
    return csvRecord([removed ? 'remove' : 'upsert', ...cells, reason], this.formulaGuard);
  }
}
