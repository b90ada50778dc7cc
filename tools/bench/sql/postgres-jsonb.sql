-- The ten audiences over JSONB documents.

-- name: market
SELECT person FROM doc.profile WHERE (traits @> '{"country": "{country}"}' OR traits @> '{"country": "{other}"}') AND traits @> '{"plan": "{plan}"}'

-- name: established
SELECT person FROM doc.profile
WHERE traits @> '{"address": {"city": "{city}"}}' AND (traits->>'points')::numeric >= {points}
  AND (traits->>'since')::timestamptz < timestamptz '{now}Z' - interval '{years} days'

-- name: regulars
SELECT person FROM doc.event
WHERE name = 'Order Completed' AND (properties->>'amount')::numeric > {amount}
  AND occurred_at >= timestamptz '{now}Z' - interval '30 days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING count(*) >= {times}

-- name: asleep
SELECT person FROM doc.profile p
WHERE traits @> '{"consent": {"email": true}}' AND NOT EXISTS (
  SELECT FROM doc.event e WHERE e.person = p.person AND e.name = 'Email Opened'
    AND e.occurred_at >= timestamptz '{now}Z' - interval '{days} days' AND e.occurred_at < timestamptz '{now}Z')

-- name: abandoned
SELECT DISTINCT person FROM doc.event c
WHERE name = 'Cart Updated' AND occurred_at >= timestamptz '{now}Z' - interval '{days} days'
  AND occurred_at <= timestamptz '{now}Z' - interval '2 hours'
  AND NOT EXISTS (
    SELECT FROM doc.event o WHERE o.person = c.person AND o.name = 'Order Completed'
      AND o.occurred_at > c.occurred_at AND o.occurred_at < c.occurred_at + interval '2 hours')

-- name: spenders
SELECT person FROM doc.event
WHERE name = 'Order Completed'
  AND occurred_at >= timestamptz '{now}Z' - interval '{months} days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING sum((properties->>'amount')::numeric) >= {spent}

-- name: interested
SELECT person FROM doc.profile p
WHERE NOT traits @> '{"plan": "free"}'
  AND (person IN (
      SELECT person FROM doc.event
      WHERE name = 'Product Viewed' AND properties @> '{"category": "{category}"}'
        AND occurred_at >= timestamptz '{now}Z' - interval '{days} days' AND occurred_at < timestamptz '{now}Z'
      GROUP BY person HAVING count(*) >= 2)
    OR person IN (
      SELECT person FROM doc.event
      WHERE name = 'Cart Updated'
        AND occurred_at >= timestamptz '{now}Z' - interval '3 days' AND occurred_at < timestamptz '{now}Z'))
  AND NOT EXISTS (
    SELECT FROM doc.event e WHERE e.person = p.person AND e.name = 'Order Completed'
      AND e.occurred_at >= timestamptz '{now}Z' - interval '14 days' AND e.occurred_at < timestamptz '{now}Z')

-- name: loyal
SELECT person FROM doc.profile p
WHERE (traits @> '{"country": "{country}"}' OR traits @> '{"country": "{other}"}') AND traits @> '{"plan": "{plan}"}'
  AND person IN (
    SELECT person FROM doc.event
    WHERE name = 'Order Completed'
      AND occurred_at >= timestamptz '{now}Z' - interval '{months} days' AND occurred_at < timestamptz '{now}Z'
    GROUP BY person HAVING sum((properties->>'amount')::numeric) >= {spent})
  AND NOT EXISTS (
    SELECT FROM doc.event e WHERE e.person = p.person AND e.name = 'Ticket Opened'
      AND e.occurred_at >= timestamptz '{now}Z' - interval '30 days' AND e.occurred_at < timestamptz '{now}Z')

-- name: fans
SELECT person FROM doc.event
WHERE name = 'Order Completed' AND properties @> '{"category": "{category}"}'
  AND occurred_at >= timestamptz '{now}Z' - interval '60 days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING sum((properties->>'amount')::numeric) > {spent}

-- name: lapsed
SELECT e.person FROM (
  SELECT person FROM doc.event WHERE name = 'Logged In'
  GROUP BY person HAVING max(occurred_at) <= timestamptz '{now}Z' - interval '{days} days') e
JOIN doc.profile p ON p.person = e.person AND p.traits->>'email' LIKE '%@mail.example%'
