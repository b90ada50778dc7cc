/** The sum of what `work` gives; one that fails keeps nobody after it waiting, and is thrown at the end. */
export async function eachInTurn<T>(
  items: readonly T[],
  stopping: () => boolean,
  work: (item: T) => Promise<number>,
): Promise<number> {
  let sum = 0;
  let failure: { error: unknown } | undefined;
  for (const item of items) {
    if (stopping()) break;
    try {
      sum += await work(item);
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure) throw failure.error;
  return sum;
}
