/** A body that is not what its type says. */
export class UnreadableBody extends Error {
  override readonly name = 'UnreadableBody';
}

/** A Content-Type without its parameters, in lower case. */
export const mediaTypeOf = (contentType: string | undefined): string =>
  (contentType ?? '').split(';')[0]!.trim().toLowerCase();

/** Whether a documented type, which may be a range such as application/*, is `type`. */
export function isType(documented: string, type: string): boolean {
  const wanted = mediaTypeOf(documented);
  return (
    wanted === type || wanted === '*/*' || (wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1)))
  );
}

/** The value a body stands for. In a form all is text: `typeOf` says what a field is documented as. */
export function readBody(body: string, type: string, typeOf: (field: string) => string | undefined): unknown {
  if (type === 'application/json' || type.endsWith('+json')) {
    try {
      return JSON.parse(body);
    } catch {
      throw new UnreadableBody(`the body is not ${type}`);
    }
  }
  if (type === 'application/x-www-form-urlencoded') return readForm(body, typeOf);
  throw new UnreadableBody(`a body of ${type} cannot be judged`);
}

function readForm(body: string, typeOf: (field: string) => string | undefined): Record<string, unknown> {
  const form = new URLSearchParams(body);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      const documented = typeOf(name);
      if (documented === 'array') return [name, values];
      if (values.length > 1) throw new UnreadableBody(`the field ${name} is there ${values.length} times`);
      return [name, asType(values[0] ?? '', documented)];
    }),
  );
}

function asType(text: string, type: string | undefined): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  if (type === 'integer' || type === 'number') {
    const number = text.trim() === '' ? NaN : Number(text);
    return Number.isNaN(number) ? text : number;
  }
  return text;
}
