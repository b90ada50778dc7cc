/** Tables that grew are analyzed at once: autovacuum comes round once a minute. */
export const analyzeGrown = {
  name: '0055-analyze-grown',
  sql: `
-- Analyzes tables that have more rows than their statistics know of, by a fifth and a thousand, and names them. The right
-- to do so is the owner's (or MAINTAIN, from PostgreSQL 17 on), so the application's role asks for it through this. What
-- another one analyzes or vacuums just now is left out.
CREATE FUNCTION analyze_grown() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = percorso, pg_temp AS $$
DECLARE name text;
BEGIN
  FOR name IN
    SELECT relname FROM pg_class WHERE relnamespace = 'percorso'::regnamespace AND relkind = 'r'
      AND pg_stat_get_live_tuples(oid) > 1000 + 1.2 * greatest(reltuples, 0) ORDER BY oid
  LOOP
    EXECUTE format('ANALYZE (SKIP_LOCKED) percorso.%I', name);
    RETURN NEXT name;
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION analyze_grown() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analyze_grown() TO percorso_app;
`,
};
