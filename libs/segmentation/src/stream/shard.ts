/** The persons whose number modulo `of` is one of `partitions`. */
export interface Shard {
  partitions: readonly number[];
  of: number;
}

export const partitionOf = (person: number, of: number): number => person % of;

/** Whether everybody is in it: then nothing needs to be filtered. */
export const isEverybody = ({ partitions, of }: Shard): boolean => partitions.length === of;
