/** Rows that change all the time stay on their page, so that an index on them need not follow. */
export const roomForUpdates = {
  name: '0023-room-for-updates',
  sql: `
-- Every event moves last_seen, which no index holds. Pages written from now on leave room for it.
ALTER TABLE profile_fragment SET (fillfactor = 80);
-- One row for each workspace or partition, changed many times a second.
ALTER TABLE ingest_head SET (fillfactor = 20);
ALTER TABLE stream_cursor SET (fillfactor = 20);
`,
};
