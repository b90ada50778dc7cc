import type { ColumnType, JSONColumnType } from 'kysely';

type Int8Written = string | number | bigint;

/** bigint: text when read (node-postgres), text, number or bigint when written. */
export type Int8 = ColumnType<string, Int8Written, Int8Written>;
/** The same with a default. */
export type DefaultInt8 = ColumnType<string, Int8Written | undefined, Int8Written>;
export type NullableInt8 = ColumnType<string | null, Int8Written | null, Int8Written | null>;

/** jsonb: parsed when read, JSON text when written. */
export type Json = JSONColumnType<object>;
/** The same with a default. */
export type DefaultJson = ColumnType<object, string | undefined, string>;
export type NullableJson = JSONColumnType<object | null>;
