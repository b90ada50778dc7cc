import { SetMetadata } from '@nestjs/common';

export const QUOTES_PERSONS = Symbol('percorso:quotes-persons');

/**
 * The answer of this POST may quote a person. What is kept of it for an Idempotency-Key is forgotten by the next erasure,
 * so repeating it must be harmless.
 */
export const QuotesPersons = (): MethodDecorator => SetMetadata(QUOTES_PERSONS, true);
