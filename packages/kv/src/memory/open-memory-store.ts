import type { MvccStore } from "../store/mvcc-store.ts";
import { openLogMvccStore, type EngineOptions } from "../watch/log-mvcc-store.ts";
import { MemoryRevisionLog } from "./memory-revision-log.ts";

/** Opens an empty store in memory: for tests and trials, gone with the process. */
export function openMemoryStore(options?: EngineOptions): Promise<MvccStore> {
  return openLogMvccStore(new MemoryRevisionLog(), options);
}
