export * from './twins';
export * from './exam';
export * from './contract';
