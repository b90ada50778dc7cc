/** Which process has taken a run to plan it, or effects to send them, so that its death is known before its leases end. */
export const owners = {
  name: '0049-owners',
  sql: `
ALTER TABLE sync_run ADD COLUMN owner uuid;
ALTER TABLE effect ADD COLUMN owner uuid;
`,
};
