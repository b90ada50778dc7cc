export * from './twins';
export * from './exam';
