export { examine } from './examine';
export { Exam, type Question } from './questions';
export { FAULTS, missingFaults, type FaultName, type Paper } from './paper';
export { inThisProcess, type Run, type StartRun } from './run';
