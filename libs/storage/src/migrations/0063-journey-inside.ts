/** Who is inside a journey: pages of a job, and whether anybody is. */
export const journeyInside = {
  name: '0063-journey-inside',
  sql: `
CREATE INDEX journey_instance_inside ON journey_instance (workspace_id, journey_id, id) WHERE state = 'active';
`,
};
