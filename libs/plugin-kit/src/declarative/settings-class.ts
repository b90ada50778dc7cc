import 'reflect-metadata';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { Secret, Setting, type SettingsClass } from '../settings';
import type { Reader } from './reader';

/** One setting; without `optional` or `default` it is required. */
export interface DeclaredSetting {
  title?: string;
  description?: string;
  placeholder?: string;
  /** Stored encrypted and never shown again. */
  secret?: boolean;
  /** @default string */
  type?: 'string' | 'number' | 'integer' | 'boolean';
  format?: 'url' | 'email';
  pattern?: string;
  enum?: (string | number)[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  optional?: boolean;
}

const TYPES = { string: String, number: Number, integer: Number, boolean: Boolean };
const KEYS =
  'title description placeholder secret type format pattern enum minLength maxLength minimum maximum default optional'.split(
    ' ',
  );

export function readSettings(reader: Reader, given: unknown, at: string): void {
  for (const [name, value] of Object.entries(reader.object(given, at) ?? {})) {
    const place = `${at}/${name}`;
    const setting = reader.object(value, place, KEYS);
    if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) reader.wrong(place, 'must be named by letters and digits');
    if (!setting) continue;
    if (setting['type'] !== undefined) reader.oneOf(setting['type'], `${place}/type`, Object.keys(TYPES));
    if (setting['format'] !== undefined) reader.oneOf(setting['format'], `${place}/format`, ['url', 'email']);
    if (setting['pattern'] !== undefined && !isPattern(setting['pattern']))
      reader.wrong(`${place}/pattern`, 'must be a regular expression');
    reader.list(setting['enum'], `${place}/enum`);
  }
}

/** The class that a plugin of code would have written. */
export function settingsClass(
  settings: Record<string, DeclaredSetting>,
): SettingsClass<Record<string, unknown>> {
  class Declared {
    constructor() {
      for (const [name, { default: value }] of Object.entries(settings))
        if (value !== undefined) (this as Record<string, unknown>)[name] = value;
    }
  }
  for (const [name, setting] of Object.entries(settings)) {
    const { title, description, placeholder, secret, type = 'string' } = setting;
    Reflect.defineMetadata('design:type', TYPES[type], Declared.prototype, name);
    const mark = secret ? Secret : Setting;
    for (const decorate of [mark({ title, description, placeholder }), ...rulesOf(setting)])
      decorate(Declared.prototype, name);
  }
  return Declared as unknown as SettingsClass<Record<string, unknown>>;
}

function rulesOf(setting: DeclaredSetting): PropertyDecorator[] {
  const { type = 'string', format, pattern, minLength, maxLength, minimum, maximum } = setting;
  const rules: PropertyDecorator[] = [];
  if (type === 'string') rules.push(IsString(), MinLength(minLength ?? 1));
  if (type === 'number') rules.push(IsNumber());
  if (type === 'integer') rules.push(IsInt());
  if (type === 'boolean') rules.push(IsBoolean());
  if (format === 'url')
    rules.push(IsUrl({ require_tld: false, require_protocol: true, protocols: ['https', 'http'] }));
  if (format === 'email') rules.push(IsEmail());
  if (pattern !== undefined) rules.push(Matches(new RegExp(pattern)));
  if (setting.enum) rules.push(IsIn(setting.enum));
  if (maxLength !== undefined) rules.push(MaxLength(maxLength));
  if (minimum !== undefined) rules.push(Min(minimum));
  if (maximum !== undefined) rules.push(Max(maximum));
  if (setting.optional) rules.push(IsOptional());
  return rules;
}

function isPattern(value: unknown): boolean {
  try {
    return typeof value === 'string' && Boolean(new RegExp(value));
  } catch {
    return false;
  }
}
