/** What journeys keep in mind: reactions that nobody awaited yet, and jumps that took no time. */
export const journeyMemory = {
  name: '0069-journey-memory',
  sql: `
ALTER TABLE journey_instance ADD COLUMN reacted jsonb NOT NULL DEFAULT '[]';
ALTER TABLE journey_request ADD COLUMN hops int NOT NULL DEFAULT 0; -- of a jump: how many in a row took no time
`,
};
