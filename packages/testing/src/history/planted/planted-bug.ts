/** Faults that the checker must find when a store has them. */
export const plantedBugs = [
  "lost write",
  "stale read",
  "swapped changes",
  "revision used twice",
  "dropped event",
  "repeated event",
  "wrong previous value",
  "early progress",
  "phantom",
  "wrong historic read",
  "torn transaction",
  "refused, yet written",
  "split revision",
  "unwanted event",
  "early compaction",
] as const;

/** One of them. */
export type PlantedBug = (typeof plantedBugs)[number];
