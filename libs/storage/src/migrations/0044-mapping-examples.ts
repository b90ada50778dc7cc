/** Golden examples: what a version of a mapping must give, kept with it. */
export const mappingExamples = {
  name: '0044-mapping-examples',
  sql: `
-- [{name, input, output} or {name, input, dropped}]
ALTER TABLE mapping_version ADD COLUMN examples jsonb NOT NULL DEFAULT '[]';
`,
};
