import type { LeaseRow, LogChange } from "../../store/revision-log.ts";
import { encodeChanges } from "./change-frame.ts";
import { errorOfFailure } from "./sqlite-error.ts";
import type { SqliteWriter, WriteOutcome } from "./sqlite-writer.ts";

/** The writer as the log uses it, wherever it runs. One write at a time: a turn lasts until its answer. */
export interface WriterPort {
  /** Bytes in use after the last write. */
  readonly sizeBytes: number;
  /** Appends a batch durably; `token` marks it. @throws {KvError} */
  append(changes: readonly LogChange[], token: number): Promise<void>;
  /** @throws {KvError} */
  raiseCompacted(revision: number): Promise<void>;
  /** @throws {KvError} */
  putLease(lease: LeaseRow): Promise<void>;
  /** @throws {KvError} */
  removeLease(id: number): Promise<void>;
  /** @throws {KvError} */
  compactStep(): Promise<"done" | "more">;
  close(): Promise<void>;
}

/** A writer on the caller's thread: it opens faster, and each commit stops that thread until the disk has answered. */
export function createInlineWriter(writer: SqliteWriter): WriterPort {
  let { sizeBytes } = writer;
  const settle = (outcome: WriteOutcome): boolean => {
    if (outcome.kind === "failed") throw errorOfFailure(outcome.failure);
    ({ sizeBytes } = outcome);
    return outcome.more;
  };
  return {
    get sizeBytes() {
      return sizeBytes;
    },
    append: async (changes, token) => void settle(writer.append(encodeChanges(changes), token)),
    raiseCompacted: async (revision) => void settle(writer.raiseCompacted(revision)),
    putLease: async (lease) => void settle(writer.putLease(lease)),
    removeLease: async (id) => void settle(writer.removeLease(id)),
    compactStep: async () => (settle(writer.compactStep()) ? "more" : "done"),
    close: async () => writer.close(),
  };
}
