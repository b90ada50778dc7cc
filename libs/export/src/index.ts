export { ExportModule } from './export.module';
export type { ExportOptions } from './export.options';
