/** One mistake in a request: where (RFC 6901 JSON pointer into the body, or a parameter's name) and what. */
export interface FieldError {
  pointer: string;
  code: string;
  message: string;
}

export interface ProblemOptions {
  /** HTTP status, 4xx or 5xx. */
  status: number;
  /** Stable, kebab-case; becomes the last segment of `type`. */
  code: string;
  title: string;
  detail?: string;
  errors?: FieldError[];
  /** Seconds, sent as Retry-After. */
  retryAfter?: number;
  cause?: unknown;
}

export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: FieldError[];
}

/** An outcome a caller must hear about, as an RFC 9457 problem. Never carries secrets or personal data. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
  readonly errors?: FieldError[];
  readonly retryAfter?: number;

  constructor(options: ProblemOptions) {
    super(options.detail ?? options.title, { cause: options.cause });
    this.name = 'Problem';
    this.status = options.status;
    this.code = options.code;
    this.title = options.title;
    this.detail = options.detail;
    this.errors = options.errors;
    this.retryAfter = options.retryAfter;
  }

  toDocument(): ProblemDocument {
    return {
      type: `urn:percorso:problem:${this.code}`,
      title: this.title,
      status: this.status,
      code: this.code,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }

  static notFound(what: string): Problem {
    return new Problem({ status: 404, code: 'not-found', title: `${what} not found` });
  }

  static invalid(errors: FieldError[], detail = 'The request has invalid fields.'): Problem {
    return new Problem({ status: 422, code: 'invalid', title: 'Invalid request', detail, errors });
  }

  static conflict(code: string, detail: string): Problem {
    return new Problem({ status: 409, code, title: 'Conflict', detail });
  }
}
