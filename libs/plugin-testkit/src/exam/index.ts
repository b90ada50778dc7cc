export { examine } from './examine';
export { Exam } from './exam';
export { httpFaults } from './http-faults';
export {
  FAULTS,
  missing,
  type CallPaper,
  type ContractPaper,
  type Delivered,
  type FaultName,
  type FeedbackPaper,
  type Paper,
  type Receipt,
  type ReceiptPaper,
  type Topic,
} from './paper';
export { inThisProcess, type Run, type StartRun } from './run';
export { Score, type Answered } from './score';
