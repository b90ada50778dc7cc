import type { EvaluationRow } from '../evaluation/evaluation.store';
import { formatDefinition } from '../text/format-definition';
import type { AudienceView, EvaluationView } from './audience.dto';
import type { AudienceRow } from './audience.store';

export function audienceView({ asOfPos, evaluatedAt, ...row }: AudienceRow): AudienceView {
  return {
    ...row,
    text: formatDefinition(row.definition) ?? null,
    asOf: asOfPos === null || evaluatedAt === null ? null : { pos: asOfPos, at: evaluatedAt },
  };
}

export function evaluationView({ asOfPos, asOf, ...row }: EvaluationRow): EvaluationView {
  return { ...row, asOf: asOfPos === null || asOf === null ? null : { pos: asOfPos, at: asOf } };
}
