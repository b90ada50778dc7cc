export { MappingModule } from './mapping.module';
export { MappingRunner, type MappingRunnerOptions, type RunOptions } from './mapping-runner';
export {
  MAX_EXPRESSION,
  type CompileResult,
  type FieldRead,
  type MappingError,
  type MappingResult,
  type RowBinding,
} from './mapping-result';
export { type PreparedMapping, prepareMapping } from './prepared-mapping';
export { evaluateRow, type RowToMap } from './evaluate-row';
