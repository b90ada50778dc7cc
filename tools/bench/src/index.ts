export { type Bench, type BenchOptions, type BenchResult, median } from './bench';
