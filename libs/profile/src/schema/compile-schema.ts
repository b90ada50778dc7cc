import Ajv2020 from 'ajv/dist/2020';
import { FORMATS } from './formats';
import { LinearPattern } from './linear-pattern';

export interface Violation {
  /** RFC 6901, into the value that was checked. */
  pointer: string;
  /** The same, into the schema. */
  rule: string;
  keyword: string;
}

export type SchemaValidator = (value: unknown) => Violation | undefined;

const linear = Object.assign((source: string) => new LinearPattern(source) as unknown as RegExp, {
  code: '',
});

/**
 * A schema that `checkSchema` found nothing wrong with, ready to be used.
 * @throws Error when a keyword has a value it cannot have
 */
export function compileSchema(schema: object): SchemaValidator {
  // Of its own for each: an instance keeps all it ever compiled.
  const ajv = new Ajv2020({ strict: false, formats: FORMATS, code: { regExp: linear }, logger: false });
  const { $id: _id, $schema: _schema, ...body } = schema as Record<string, unknown>;
  const validate = ajv.compile(body);
  return (value) => {
    if (validate(value)) return undefined;
    const [error] = validate.errors ?? [];
    if (!error) return { pointer: '', rule: '', keyword: 'false' };
    const missing: unknown = error.params.missingProperty;
    const step = typeof missing === 'string' ? `/${missing.replaceAll('~', '~0').replaceAll('/', '~1')}` : '';
    return {
      pointer: error.instancePath + step,
      rule: error.schemaPath.replace(/^#/, '') + step,
      keyword: error.keyword,
    };
  };
}
