/** Spaces what is handed over evenly: given how many items go next, the milliseconds to wait before they may. */
export function paceOf(perSecond: number, start: number): (count: number, now: number) => number {
  let free = start;
  return (count, now) => {
    const waitMs = Math.max(0, free - now);
    free = Math.max(free, now) + (count / perSecond) * 1000;
    return waitMs;
  };
}
