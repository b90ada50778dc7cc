/** The smallest there is. */
export const JOURNEY = { version: 1, entries: [{ api: {} }], start: 'a', steps: { a: { end: {} } } };

/** A body that the route accepts, so that what answers is the lookup and not the check. */
export const BODIES: Record<string, object> = {
  'PATCH /v1/workspaces/{id}': { name: 'Taken' },
  'PATCH /v1/namespaces/{code}': { title: 'Taken' },
  'PATCH /v1/audiences/{id}': { name: 'Taken' },
  'PUT /v1/audiences/{id}/schedule': { cron: '0 6 * * *' },
  'PATCH /v1/connectors/{id}': { name: 'Taken' },
  'PATCH /v1/syncs/{id}': { name: 'Taken' },
  'PATCH /v1/journeys/{id}': { name: 'Taken' },
  'PUT /v1/journeys/{id}/draft': { definition: JOURNEY },
  'POST /v1/journeys/{id}/test': { profiles: [] },
  'POST /v1/mappings/{id}/rollback': { version: 1 },
  'PUT /v1/mappings/{id}': { expression: '$' },
  'POST /v1/effects/{id}/settle': { outcome: 'accepted' },
  'PUT /v1/computed-traits/{key}': { text: 'event("Bought").count' },
  'POST /v1/connectors/{id}/receipts': { body: '[]' },
  'POST /v1/plugins/{pluginId}/versions/{version}/approve': { egress: [] },
  'POST /v1/journeys/{id}/simulations': { from: '2026-01-01', until: '2026-01-02' },
  'POST /v1/journeys/{id}/entries': {
    entries: [{ identity: { namespace: 'user_id', value: 'nobody' } }],
  },
  'PUT /v1/schemas/{kind}/{name}': { schema: {}, policy: 'warn' },
  'POST /v1/b': { batch: [{}] },
  'POST /v1/batch': { batch: [{}] },
  'POST /v1/import': { batch: [{}] },
};
