import { Logger } from '@nestjs/common';
import type { IngestItem } from '@percorso/ingest';
import { describeError } from '@percorso/kernel';
import { Transaction } from '@percorso/storage';
import { eventName } from '../event.store';
import { GoodItem } from '../log-item';
import { compileSchema, SchemaValidator, Violation } from './compile-schema';
import {
  CountedViolation,
  schemaBody,
  SchemaInForce,
  SchemaKey,
  SchemaKind,
  schemasInForce,
} from './schema.store';

/** An item and how it breaks a schema. */
export interface Broken extends Violation {
  schema: SchemaInForce;
  pos: number;
}

/** Compiled schemas kept at most. */
const MOST = 1000;

/** What of an item a schema is for, and where in the item it stands. */
function checkedPart(item: IngestItem): { kind: SchemaKind; field: string; value: object } | undefined {
  if (item.type === 'alias') return undefined;
  return item.type === 'identify' || item.type === 'group'
    ? { kind: 'traits', field: '/traits', value: item.traits ?? {} }
    : { kind: 'events', field: '/properties', value: item.properties ?? {} };
}

/** Checks items against the schemas in force; a version is compiled once. */
export class SchemaChecks {
  private readonly logger = new Logger(SchemaChecks.name);
  private readonly compiled = new Map<string, SchemaValidator>();

  constructor(private readonly compiler: typeof compileSchema = compileSchema) {}

  /** Those of `entries` that break their schema, by index. */
  async check(tx: Transaction, entries: readonly GoodItem[]): Promise<Map<number, Broken>> {
    const parts = entries.map((entry) => {
      const part = checkedPart(entry.item);
      return part && { ...part, name: eventName(entry) };
    });
    const keys = new Map<string, SchemaKey>();
    for (const part of parts) if (part) keys.set(textOf(part), { kind: part.kind, name: part.name });
    const inForce = keys.size === 0 ? [] : await schemasInForce(tx, [...keys.values()]);
    const broken = new Map<number, Broken>();
    if (inForce.length === 0) return broken;
    const validators = new Map<string, { schema: SchemaInForce; validate: SchemaValidator }>();
    for (const schema of inForce) {
      validators.set(textOf(schema), { schema, validate: await this.validator(tx, schema) });
    }
    parts.forEach((part, index) => {
      const found = part && validators.get(textOf(part));
      const violation = found?.validate(part!.value);
      if (!violation) return;
      const { pos } = entries[index]!;
      broken.set(index, {
        ...violation,
        pointer: part!.field + violation.pointer,
        schema: found!.schema,
        pos,
      });
    });
    return broken;
  }

  private async validator(tx: Transaction, schema: SchemaInForce): Promise<SchemaValidator> {
    const key = `${tx.workspaceId} ${schema.version} ${textOf(schema)}`;
    const known = this.compiled.get(key);
    if (known) return known;
    if (this.compiled.size >= MOST) this.compiled.clear();
    const made = this.compile(await schemaBody(tx, schema), schema);
    this.compiled.set(key, made);
    return made;
  }

  /** A stored schema that another release took and this one cannot use must not stop the log. */
  private compile(body: object, { kind, name, version }: SchemaInForce): SchemaValidator {
    try {
      return this.compiler(body);
    } catch (error) {
      this.logger.error(`Schema ${kind}/${name} version ${version} is not used: ${describeError(error)}`);
      return () => undefined;
    }
  }
}

const textOf = ({ kind, name }: SchemaKey): string => `${kind}/${name}`;

/** Violations counted by the rule that was broken. */
export function summed(broken: Iterable<Broken>): CountedViolation[] {
  const counts = new Map<string, CountedViolation>();
  for (const { schema, rule, pos } of broken) {
    const { kind, name, version } = schema;
    const key = JSON.stringify([kind, name, version, rule]);
    const counted = counts.get(key);
    if (counted) Object.assign(counted, { count: counted.count + 1, pos: Math.max(pos, counted.pos) });
    else counts.set(key, { kind, name, version, rule, count: 1, pos });
  }
  return [...counts.values()];
}
