import type { KubernetesObject } from "@cellplane/apimachinery";

/** What an informer tells. `old` is the object as last known. */
export interface InformerHandler<T extends KubernetesObject = KubernetesObject> {
  onAdd?(object: T): void;
  onUpdate?(object: T, old: T): void;
  /** It was added or updated: for those to whom the state before does not matter, which then need not be unpacked. */
  onPut?(object: T): void;
  onDelete?(object: T): void;
  /** `hasSynced` or whether there is a `lastError` has changed. */
  onStateChange?(): void;
}

/** A cached view of one resource, kept by list and watch. */
export interface Informer<T extends KubernetesObject = KubernetesObject> {
  /** Whether the first list is in. An unsynced cache means "unknown", never "absent". */
  readonly hasSynced: boolean;
  /** Why the last list or watch failed, until one succeeds. */
  readonly lastError: Error | undefined;
  /** By `namespace/name`, or `name` for cluster-scoped objects. */
  get(key: string): T | undefined;
  list(): readonly T[];
  /** Objects under one value of an index. */
  byIndex(index: string, value: string): readonly T[];
  /** Tells of the objects there are, then of changes, until `signal` aborts. */
  addHandler(handler: InformerHandler<T>, signal?: AbortSignal): void;
  /**
   * Takes in the answer to a write of one's own, so that the next decision knows it before the
   * watch tells it. Older states that the watch still brings are ignored.
   */
  record(object: T): void;
  /** Takes in that one's own deletion has removed this object. */
  recordRemoval(object: T): void;
  /**
   * Whether the watch has not told of what was recorded in time: it may hold back events of others,
   * too. Until it tells something again.
   */
  readonly isWatchDoubted: boolean;
  /** Reads everything anew by a list, and watches from there. */
  relist(): void;
  /** Tries again at once, where a failed list or watch is being waited out. */
  wake(): void;
  /** Resolves with true once synced, with false when `signal` aborts first. */
  waitForSync(signal: AbortSignal): Promise<boolean>;
  /** Lists and watches until `signal` aborts; never rejects for a server's failure. */
  run(signal: AbortSignal): Promise<void>;
}

/** `namespace/name`, or `name`. */
export function objectKey(object: KubernetesObject): string {
  const { name = "", namespace } = object.metadata;
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}
