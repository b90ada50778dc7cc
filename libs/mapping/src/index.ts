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
