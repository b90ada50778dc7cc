-- Each condition of the ten audiences as the smallest query somebody would write by hand over the hub's tables, in the
-- order in which conditions stand in the audience. "complement": the condition holds for everybody else.

-- The persons of nodes 1, 2, …: in front of whatever looks at events.
-- name: people
WITH (SELECT groupArray(person) FROM (SELECT person FROM percorso.node_person WHERE workspace_id = '{workspace}' ORDER BY node)) AS people

-- name: market.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['country'] IN ('{country}', '{other}')
-- name: market.2
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['plan'] = '{plan}'

-- name: established.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['address.city'] = '{city}'
-- name: established.2
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND numbers['points'] >= {points}
-- name: established.3
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}'
  AND parseDateTime64BestEffort(strings['since'], 3, 'UTC') < toDateTime64('{now}', 3, 'UTC') - INTERVAL {years} DAY

-- name: regulars.1
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Order Completed' AND numbers['amount'] > {amount}
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 30 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
GROUP BY person HAVING count() >= {times}

-- name: asleep.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND consent['email'] = 'granted'
-- name: asleep.2 complement
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Email Opened'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')

-- name: abandoned.1
{people}
SELECT person FROM (
  SELECT people[node] AS person, groupArrayIf(occurred_at, name = 'Cart Updated'
      AND occurred_at <= toDateTime64('{now}', 3, 'UTC') - INTERVAL 2 HOUR) AS carts,
    groupArrayIf(occurred_at, name = 'Order Completed') AS orders
  FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name IN ('Cart Updated', 'Order Completed')
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY
  GROUP BY person)
WHERE arrayExists(cart -> NOT arrayExists(order -> order > cart AND order < cart + INTERVAL 2 HOUR, orders), carts)

-- name: spenders.1
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {months} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
GROUP BY person HAVING sum(numbers['amount']) >= {spent}

-- name: interested.1
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Product Viewed' AND strings['category'] = '{category}'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
GROUP BY person HAVING count() >= 2

-- name: interested.2
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Cart Updated'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 3 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')

-- name: interested.3
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['plan'] = 'free'
-- name: interested.4
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 14 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')

-- name: loyal.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['country'] IN ('{country}', '{other}')
-- name: loyal.2
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['plan'] = '{plan}'
-- name: loyal.3
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {months} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
GROUP BY person HAVING sum(numbers['amount']) >= {spent}

-- name: loyal.4
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Ticket Opened'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 30 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')

-- name: fans.1
{people}
SELECT people[node] AS person FROM percorso.event
WHERE workspace_id = '{workspace}' AND name = 'Order Completed' AND strings['category'] = '{category}'
  AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 60 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
GROUP BY person HAVING sum(numbers['amount']) > {spent}

-- name: lapsed.1
{people}
SELECT people[node] AS person FROM percorso.event WHERE workspace_id = '{workspace}' AND name = 'Logged In'
GROUP BY person HAVING max(occurred_at) <= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY

-- name: lapsed.2
SELECT DISTINCT person FROM percorso.node_person
WHERE workspace_id = '{workspace}' AND namespace = 'email' AND value LIKE '%@mail.example%'
