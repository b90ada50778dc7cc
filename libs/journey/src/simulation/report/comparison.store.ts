import { Injectable } from '@nestjs/common';
import type { Transaction } from '@percorso/storage';
import type { Difference } from './comparison.dto';

/** A message of one step, or of all: how often it is alike in two simulations. */
export interface ComparedCounts {
  step: string;
  same: number;
  otherTime: number;
  otherContent: number;
  onlyFirst: number;
  onlySecond: number;
}

export interface ComparedSideRow {
  instanceId: string;
  at: string;
  connectorId: string;
  outcome: string | null;
  payload: Record<string, unknown> | null;
}

export interface ComparedRow {
  person: number;
  profileId: string;
  key: string;
  step: string;
  nth: number;
  otherTime: boolean;
  otherContent: boolean;
  first: ComparedSideRow | null;
  second: ComparedSideRow | null;
}

/** Where the next page begins: after this one. */
export type ComparedPlace = Pick<ComparedRow, 'person' | 'key' | 'step' | 'nth'>;

const NAME = 'person, key, step, nth';

/**
 * Messages of both simulations by their names, `$2` and `$3`, in the order of those: whoever wants few reads few.
 * What there is of a name in one of them is a composite of the message, `a` or `b`.
 */
const paired = (condition = ''): string => {
  const of = (simulation: string, other: boolean): string =>
    `SELECT ${NAME}, ${other} AS other, m FROM journey_simulation_message m
     WHERE workspace_id = $1 AND simulation_id = ${simulation}${condition}`;
  const only = (other: boolean): string => `(array_agg(m) FILTER (WHERE ${other ? '' : 'NOT '}other))[1]`;
  return `SELECT ${NAME}, ${only(false)} AS a, ${only(true)} AS b
    FROM (${of('$2', false)} UNION ALL ${of('$3', true)}) AS named GROUP BY ${NAME}`;
};

const ONLY_FIRST = '(b).at IS NULL';
const ONLY_SECOND = '(a).at IS NULL';
const OTHER_TIME = '((a).at <> (b).at) IS TRUE';
const OTHER_CONTENT = `((a).at IS NOT NULL AND (b).at IS NOT NULL
  AND ((a).payload IS DISTINCT FROM (b).payload OR (a).connector_id <> (b).connector_id))`;
const DIFFERENT = `(${ONLY_FIRST} OR ${ONLY_SECOND} OR ${OTHER_TIME} OR ${OTHER_CONTENT})`;

const DIFFERS: Record<Difference | 'any', string> = {
  first: ONLY_FIRST,
  second: ONLY_SECOND,
  time: OTHER_TIME,
  content: OTHER_CONTENT,
  any: DIFFERENT,
};

const side = (of: 'a' | 'b'): string => `CASE WHEN (${of}).at IS NOT NULL THEN json_build_object(
  'instanceId', (${of}).instance_id, 'at', (${of}).at, 'connectorId', (${of}).connector_id, 'outcome', (${of}).outcome,
  'payload', (${of}).payload) END`;

/** Holds the messages of two simulations against each other. */
@Injectable()
export class ComparisonStore {
  /** By step. */
  async messages(tx: Transaction, first: string, second: string): Promise<ComparedCounts[]> {
    const count = (condition: string): string => `count(*) FILTER (WHERE ${condition})::float8`;
    const { rows } = await tx.query<ComparedCounts>(
      `SELECT step, ${count(`NOT ${DIFFERENT}`)} AS same, ${count(OTHER_TIME)} AS "otherTime",
         ${count(OTHER_CONTENT)} AS "otherContent", ${count(ONLY_FIRST)} AS "onlyFirst",
         ${count(ONLY_SECOND)} AS "onlySecond"
       FROM (${paired()}) AS pairs GROUP BY step ORDER BY step`,
      [tx.workspaceId, first, second],
    );
    return rows;
  }

  async profiles(
    tx: Transaction,
    first: string,
    second: string,
  ): Promise<{ both: number; onlyFirst: number; onlySecond: number }> {
    const { rows } = await tx.query<{ both: number; onlyFirst: number; onlySecond: number }>(
      `SELECT count(*) FILTER (WHERE a AND b)::float8 AS both, count(*) FILTER (WHERE NOT b)::float8 AS "onlyFirst",
         count(*) FILTER (WHERE NOT a)::float8 AS "onlySecond"
       FROM (SELECT bool_or(simulation_id = $2) AS a, bool_or(simulation_id = $3) AS b FROM journey_simulation_message
             WHERE workspace_id = $1 AND simulation_id IN ($2, $3) GROUP BY person) AS persons`,
      [tx.workspaceId, first, second],
    );
    return rows[0]!;
  }

  /** Those that differ, by person. */
  async rows(
    tx: Transaction,
    [first, second]: readonly [string, string],
    { difference, step, profile }: { difference?: Difference; step?: string; profile?: string },
    after: ComparedPlace | undefined,
    limit: number,
  ): Promise<ComparedRow[]> {
    const chosen = `
      AND (${NAME}) > ($4::int, $5::text, $6::text, $7::int) AND ($8::text IS NULL OR step = $8)
      AND ($9::uuid IS NULL OR profile_id = $9)`;
    const { rows } = await tx.query<ComparedRow>(
      `SELECT ${NAME}, coalesce((a).profile_id, (b).profile_id) AS "profileId", ${OTHER_TIME} AS "otherTime",
         ${OTHER_CONTENT} AS "otherContent", ${side('a')} AS first, ${side('b')} AS second
       FROM (${paired(chosen)}) AS pairs WHERE ${DIFFERS[difference ?? 'any']} ORDER BY ${NAME} LIMIT $10`,
      [
        tx.workspaceId,
        first,
        second,
        after?.person ?? -1,
        after?.key ?? '',
        after?.step ?? '',
        after?.nth ?? 0,
        step ?? null,
        profile ?? null,
        limit,
      ],
    );
    return rows;
  }
}
