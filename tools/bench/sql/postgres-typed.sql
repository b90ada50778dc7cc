-- The ten audiences over typed columns.

-- name: market
SELECT person FROM typed.profile WHERE country IN ('{country}', '{other}') AND plan = '{plan}'

-- name: established
SELECT person FROM typed.profile
WHERE city = '{city}' AND points >= {points} AND since < timestamptz '{now}Z' - interval '{years} days'

-- name: regulars
SELECT person FROM typed.event
WHERE name = 'Order Completed' AND amount > {amount}
  AND occurred_at >= timestamptz '{now}Z' - interval '30 days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING count(*) >= {times}

-- name: asleep
SELECT person FROM typed.profile p
WHERE consent_email = 'granted' AND NOT EXISTS (
  SELECT FROM typed.event e WHERE e.person = p.person AND e.name = 'Email Opened'
    AND e.occurred_at >= timestamptz '{now}Z' - interval '{days} days' AND e.occurred_at < timestamptz '{now}Z')

-- name: abandoned
SELECT DISTINCT person FROM typed.event c
WHERE name = 'Cart Updated' AND occurred_at >= timestamptz '{now}Z' - interval '{days} days'
  AND occurred_at <= timestamptz '{now}Z' - interval '2 hours'
  AND NOT EXISTS (
    SELECT FROM typed.event o WHERE o.person = c.person AND o.name = 'Order Completed'
      AND o.occurred_at > c.occurred_at AND o.occurred_at < c.occurred_at + interval '2 hours')

-- name: spenders
SELECT person FROM typed.event
WHERE name = 'Order Completed'
  AND occurred_at >= timestamptz '{now}Z' - interval '{months} days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING sum(amount) >= {spent}

-- name: interested
SELECT person FROM typed.profile p
WHERE plan <> 'free'
  AND (person IN (
      SELECT person FROM typed.event
      WHERE name = 'Product Viewed' AND category = '{category}'
        AND occurred_at >= timestamptz '{now}Z' - interval '{days} days' AND occurred_at < timestamptz '{now}Z'
      GROUP BY person HAVING count(*) >= 2)
    OR person IN (
      SELECT person FROM typed.event
      WHERE name = 'Cart Updated'
        AND occurred_at >= timestamptz '{now}Z' - interval '3 days' AND occurred_at < timestamptz '{now}Z'))
  AND NOT EXISTS (
    SELECT FROM typed.event e WHERE e.person = p.person AND e.name = 'Order Completed'
      AND e.occurred_at >= timestamptz '{now}Z' - interval '14 days' AND e.occurred_at < timestamptz '{now}Z')

-- name: loyal
SELECT person FROM typed.profile p
WHERE country IN ('{country}', '{other}') AND plan = '{plan}'
  AND person IN (
    SELECT person FROM typed.event
    WHERE name = 'Order Completed'
      AND occurred_at >= timestamptz '{now}Z' - interval '{months} days' AND occurred_at < timestamptz '{now}Z'
    GROUP BY person HAVING sum(amount) >= {spent})
  AND NOT EXISTS (
    SELECT FROM typed.event e WHERE e.person = p.person AND e.name = 'Ticket Opened'
      AND e.occurred_at >= timestamptz '{now}Z' - interval '30 days' AND e.occurred_at < timestamptz '{now}Z')

-- name: fans
SELECT person FROM typed.event
WHERE name = 'Order Completed' AND category = '{category}'
  AND occurred_at >= timestamptz '{now}Z' - interval '60 days' AND occurred_at < timestamptz '{now}Z'
GROUP BY person HAVING sum(amount) > {spent}

-- name: lapsed
SELECT e.person FROM (
  SELECT person FROM typed.event WHERE name = 'Logged In'
  GROUP BY person HAVING max(occurred_at) <= timestamptz '{now}Z' - interval '{days} days') e
JOIN typed.profile p ON p.person = e.person AND p.email LIKE '%@mail.example%'
