export interface MemberDiff {
  entered: Uint32Array;
  exited: Uint32Array;
}

/** What turns `before` into `after`; both ascending without repeats, as are the results. */
export function diffMembers(before: Uint32Array, after: Uint32Array): MemberDiff {
  const entered = new Uint32Array(after.length);
  const exited = new Uint32Array(before.length);
  let [enters, exits, b, a] = [0, 0, 0, 0];
  while (b < before.length || a < after.length) {
    const old = before[b] ?? Infinity;
    const fresh = after[a] ?? Infinity;
    if (old === fresh) {
      b++;
      a++;
    } else if (old < fresh) {
      exited[exits++] = old;
      b++;
    } else {
      entered[enters++] = fresh;
      a++;
    }
  }
  return { entered: entered.slice(0, enters), exited: exited.slice(0, exits) };
}
