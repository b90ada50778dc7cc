/** What is done about effects whose outcome nobody can tell. */
export const unknownPolicy = {
  name: '0039-unknown-policy',
  sql: `
ALTER TABLE delivery_flow ADD COLUMN when_unknown text NOT NULL DEFAULT 'keep'
  CHECK (when_unknown IN ('keep', 'assume-accepted', 'send-again'));
`,
};
