export * from './twins';
