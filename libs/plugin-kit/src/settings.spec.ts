import { IsBoolean, IsIn, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { Secret, secretFields, Setting, settingsSchema, validateSettings } from './settings';

class Base {
  @Setting({ title: 'Host' })
  @IsString()
  host!: string;
}

class Settings extends Base {
  @Setting()
  @IsInt()
  @Min(1)
  @Max(9)
  size = 5;

  @Setting()
  @IsOptional()
  @IsIn(['a', 'b'])
  mode?: 'a' | 'b';

  @Setting()
  @IsBoolean()
  loud = false;

  @Setting()
  @IsString({ each: true })
  names: string[] = [];

  @Secret()
  @IsString()
  token!: string;
}

describe('settings', () => {
  it('become a JSON Schema', () => {
    expect(settingsSchema(Settings)).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
      properties: {
        host: { type: 'string', title: 'Host' },
        size: { type: 'integer', minimum: 1, maximum: 9, default: 5 },
        mode: { type: 'string', enum: ['a', 'b'] },
        loud: { type: 'boolean', default: false },
        names: { type: 'array', items: { type: 'string' }, default: [] },
        token: { type: 'string', writeOnly: true, format: 'password' },
      },
      required: ['host', 'token'],
    });
    expect(secretFields(Settings)).toEqual(['token']);
    expect(secretFields(Base)).toEqual([]);
  });

  it('get their defaults, or errors with pointers that repeat no value', () => {
    expect(validateSettings(Settings, { host: 'h', token: 't' })).toEqual({
      value: { host: 'h', size: 5, loud: false, names: [], token: 't' },
    });
    const result = validateSettings(Settings, {
      host: 7,
      size: 99,
      mode: 'c',
      'a/b': 1,
      token: 12345,
      __proto__: {},
    });
    const errors = 'errors' in result ? result.errors : [];
    expect(errors.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/a~1b unknown-setting',
      '/size max',
      '/mode is-in',
      '/token is-string',
      '/host is-string',
    ]);
    expect(JSON.stringify(errors)).not.toContain('12345');
  });
});
