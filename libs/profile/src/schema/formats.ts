const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;
const UUID = /^[\da-f]{8}-([\da-f]{4}-){3}[\da-f]{12}$/i;
// One quantifier between fixed characters each: nothing to go back for.
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

const isDate = (text: string): boolean => DATE.test(text) && !Number.isNaN(Date.parse(text));

/** The formats a schema may ask for, all in linear time. */
export const FORMATS: Record<string, (text: string) => boolean> = {
  date: isDate,
  'date-time': (text) => DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)),
  email: (text) => EMAIL.test(text),
  uuid: (text) => UUID.test(text),
  uri: (text) => URL.canParse(text),
};
