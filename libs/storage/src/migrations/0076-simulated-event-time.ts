/** Which of its times an event counts at in a simulation. */
export const simulatedEventTime = {
  name: '0076-simulated-event-time',
  sql: `
ALTER TABLE journey_simulation
  ADD COLUMN event_time text NOT NULL DEFAULT 'received' CHECK (event_time IN ('received', 'occurred'));
`,
};
