import type { StoreStatus } from "./mvcc-store.ts";

/** What `cellplane store status` tells. What a driver cannot know is absent. */
export interface StoreDescription extends StoreStatus {
  readonly keys: number;
  /** The file, where it is one. */
  readonly path?: string;
  readonly epoch?: number;
  readonly schema?: number;
  readonly leases?: number;
  /** Bytes that hold something; the others are free within the files. */
  readonly inUseBytes?: number;
  /** Beyond it puts are refused. */
  readonly quotaBytes?: number;
  /** Processes that have written and not said farewell. */
  readonly writers?: number;
  readonly serverVersion?: string;
  /** Whether rows that compaction has made unreachable are still to be removed. */
  readonly removing?: boolean;
}
