import { ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import { FieldError, isId, Problem } from '@percorso/kernel';
import type { ValidationError } from 'class-validator';
import { findUnstorable, pointerStep } from './json-value';

/** Carries class-validator's findings to the place that knows whether they concern the body or a parameter. */
class ValidationFailure extends Error {
  constructor(readonly findings: ValidationError[]) {
    super('Validation failed');
  }
}

/** Checks bodies, queries and ids of paths; what it lets pass has the declared shape and nothing else. */
@Injectable()
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      exceptionFactory: (findings) => new ValidationFailure(findings),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    if (metadata.type === 'param' && isIdParameter(metadata.data) && !isId(value)) {
      throw Problem.notFound('Resource');
    }
    const unstorable = findUnstorable(value);
    if (unstorable) {
      const { pointer } = unstorable;
      const name = metadata.type === 'body' ? pointer : (metadata.data ?? pointer.slice(1));
      throw Problem.invalid([{ ...unstorable, pointer: name }]);
    }
    if (metadata.type === 'body' && needsObject(metadata) && !isObject(value)) {
      throw Problem.invalid([
        { pointer: '', code: 'object-required', message: 'The body must be a JSON object.' },
      ]);
    }
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (!(error instanceof ValidationFailure)) throw error;
      const inBody = metadata.type === 'body';
      throw Problem.invalid(
        fieldErrors(error.findings).map((found) => (inBody ? found : asParameter(found))),
      );
    }
  }
}

/** Path parameters `id` and `<something>Id` are UUIDs: any other text names nothing here. Plugins have names for ids. */
const isIdParameter = (name: string | undefined): boolean =>
  name !== undefined && name !== 'pluginId' && (name === 'id' || name.endsWith('Id'));

const isObject = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !Buffer.isBuffer(value);

const PLAIN: readonly unknown[] = [undefined, Object, Array, String, Number, Boolean, Buffer];
const needsObject = (metadata: ArgumentMetadata): boolean => !PLAIN.includes(metadata.metatype);

const asParameter = (error: FieldError): FieldError => ({
  ...error,
  pointer: error.pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~'),
});

/** class-validator's tree of findings as a flat list with RFC 6901 pointers. */
export function fieldErrors(findings: readonly ValidationError[], parent = ''): FieldError[] {
  return findings.flatMap((finding) => {
    const pointer = parent + pointerStep(finding.property);
    const own = Object.entries(finding.constraints ?? {}).map(([rule, message]) => ({
      pointer,
      code: rule === 'whitelistValidation' ? 'unknown-field' : kebab(rule),
      message: rule === 'whitelistValidation' ? 'This field is not known here.' : message,
    }));
    return [...own, ...fieldErrors(finding.children ?? [], pointer)];
  });
}

const kebab = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase();
