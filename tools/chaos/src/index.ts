export { FAULT_KINDS, leastOf, makeSchedule } from './schedule';
export { type Check, reconcile } from './reconcile';
export { reportText } from './report';
export { type ChaosOptions, type ChaosResult, runChaos } from './run-chaos';
