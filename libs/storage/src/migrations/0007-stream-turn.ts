/** Tells a process that keeps state in memory whether another one was at work since. */
export const streamTurn = {
  name: '0007-stream-turn',
  sql: `
ALTER TABLE stream_cursor ADD COLUMN turn bigint NOT NULL DEFAULT 0; -- rises with all that state in memory must follow
`,
};
