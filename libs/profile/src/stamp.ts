/** Something said about a person, with who said it and when it occurred; `pos` breaks ties. */
export interface Stamp {
  source: string;
  /** ISO time, milliseconds, UTC: comparable as text. */
  at: string;
  pos: number;
}

/** Whether `a` was said after `b`: by when it occurred, then by position in the log. */
export function isLater(a: Stamp, b: Stamp | undefined): boolean {
  return !b || a.at > b.at || (a.at === b.at && a.pos > b.pos);
}
