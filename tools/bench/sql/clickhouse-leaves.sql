-- Each condition of the ten audiences as the smallest query somebody would write by hand over the hub's tables, in the
-- order in which conditions stand in the audience. "complement": the condition holds for everybody else.

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
SELECT person FROM (
  SELECT node, count() AS n FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Order Completed' AND numbers['amount'] > {amount}
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 30 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
  GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING sum(n) >= {times}

-- name: asleep.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND consent['email'] = 'granted'
-- name: asleep.2 complement
SELECT DISTINCT person FROM (
  SELECT DISTINCT node FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Email Opened'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node

-- name: abandoned.1
SELECT person FROM (
  SELECT person, groupArrayIf(occurred_at, name = 'Cart Updated'
      AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY
      AND occurred_at <= toDateTime64('{now}', 3, 'UTC') - INTERVAL 2 HOUR) AS carts,
    groupArrayIf(occurred_at, name = 'Order Completed') AS orders
  FROM (
    SELECT node, name, occurred_at FROM percorso.event
    WHERE workspace_id = '{workspace}' AND name IN ('Cart Updated', 'Order Completed')
      AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY) e
  JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
  GROUP BY person)
WHERE arrayExists(cart -> NOT arrayExists(order -> order > cart AND order < cart + INTERVAL 2 HOUR, orders), carts)

-- name: spenders.1
SELECT person FROM (
  SELECT node, sum(numbers['amount']) AS spent FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {months} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
  GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING sum(spent) >= {spent}

-- name: interested.1
SELECT person FROM (
  SELECT node, count() AS n FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Product Viewed' AND strings['category'] = '{category}'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
  GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING sum(n) >= 2
-- name: interested.2
SELECT DISTINCT person FROM (
  SELECT DISTINCT node FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Cart Updated'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 3 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
-- name: interested.3
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['plan'] = 'free'
-- name: interested.4
SELECT DISTINCT person FROM (
  SELECT DISTINCT node FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 14 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node

-- name: loyal.1
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['country'] IN ('{country}', '{other}')
-- name: loyal.2
SELECT person FROM percorso.profile WHERE workspace_id = '{workspace}' AND strings['plan'] = '{plan}'
-- name: loyal.3
SELECT person FROM (
  SELECT node, sum(numbers['amount']) AS spent FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Order Completed'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL {months} DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
  GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING sum(spent) >= {spent}
-- name: loyal.4
SELECT DISTINCT person FROM (
  SELECT DISTINCT node FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Ticket Opened'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 30 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node

-- name: fans.1
SELECT person FROM (
  SELECT node, sum(numbers['amount']) AS spent FROM percorso.event
  WHERE workspace_id = '{workspace}' AND name = 'Order Completed' AND strings['category'] = '{category}'
    AND occurred_at >= toDateTime64('{now}', 3, 'UTC') - INTERVAL 60 DAY AND occurred_at < toDateTime64('{now}', 3, 'UTC')
  GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING sum(spent) > {spent}

-- name: lapsed.1
SELECT person FROM (
  SELECT node, max(occurred_at) AS t FROM percorso.event WHERE workspace_id = '{workspace}' AND name = 'Logged In' GROUP BY node) e
JOIN (SELECT node, person FROM percorso.node_person WHERE workspace_id = '{workspace}') map USING node
GROUP BY person HAVING max(t) <= toDateTime64('{now}', 3, 'UTC') - INTERVAL {days} DAY
-- name: lapsed.2
SELECT DISTINCT person FROM percorso.node_person
WHERE workspace_id = '{workspace}' AND namespace = 'email' AND value LIKE '%@mail.example%'
