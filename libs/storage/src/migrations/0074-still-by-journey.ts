/** Who stands still with a paused journey is found by the journey and its version: what stands still with others costs nothing. */
export const stillByJourney = {
  name: '0074-still-by-journey',
  sql: `
ALTER TABLE journey_wait ADD COLUMN journey_id uuid, ADD COLUMN version int; -- of one that is parked
ALTER TABLE journey_held ADD COLUMN journey_id uuid, ADD COLUMN version int;

-- Nobody is moved to another version while it stands still. An older release tells neither.
CREATE FUNCTION tell_journey() RETURNS trigger LANGUAGE plpgsql SET search_path = percorso, pg_temp AS $$
BEGIN
  SELECT i.journey_id, i.version INTO NEW.journey_id, NEW.version FROM journey_instance i
  WHERE i.workspace_id = NEW.workspace_id AND i.id = NEW.instance_id;
  RETURN NEW;
END $$;
CREATE TRIGGER journey_wait_parked BEFORE UPDATE OF parked ON journey_wait FOR EACH ROW
  WHEN (NEW.parked AND NOT OLD.parked) EXECUTE FUNCTION tell_journey();
CREATE TRIGGER journey_held_added BEFORE INSERT ON journey_held FOR EACH ROW EXECUTE FUNCTION tell_journey();

-- The owner sees no rows of a table that forces its policies on it.
ALTER TABLE journey_instance NO FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_wait NO FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_held NO FORCE ROW LEVEL SECURITY;
UPDATE journey_wait w SET journey_id = i.journey_id, version = i.version FROM journey_instance i
  WHERE w.parked AND i.workspace_id = w.workspace_id AND i.id = w.instance_id;
UPDATE journey_held h SET journey_id = i.journey_id, version = i.version FROM journey_instance i
  WHERE i.workspace_id = h.workspace_id AND i.id = h.instance_id;
ALTER TABLE journey_instance FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_wait FORCE ROW LEVEL SECURITY;
ALTER TABLE journey_held FORCE ROW LEVEL SECURITY;

CREATE INDEX journey_wait_still ON journey_wait (workspace_id, journey_id, version, instance_id) WHERE parked;
CREATE INDEX journey_held_still ON journey_held (workspace_id, journey_id, version, n);
`,
};
