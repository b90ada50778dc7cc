/** Up to where in the membership log audiences were read, so that the next read goes on from there. */
export const readsByPosition = {
  name: '0073-reads-by-position',
  sql: `
ALTER TABLE journey_schedule ADD COLUMN read_pos bigint; -- up to where the last read took members; NULL: by time alone
ALTER TABLE journey_read
  ADD COLUMN after_pos bigint,               -- only who joined after this position, too
  ADD COLUMN until_pos bigint;               -- who joined after it is for the next read
`,
};
