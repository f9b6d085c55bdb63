import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/**
 * What stays free on the disk when puts are refused: deletions and compaction need it, for they
 * grow the write-ahead log, 16 MiB at most, and moving that into the database may grow this as much.
 */
const reserveBytes = 32 * 1024 * 1024;

/** Of a small disk no more than this part. */
const reservePart = 1 / 4;

/** Bytes that puts may still take of the disk of a file; none are left where it is not positive. */
export function diskRoomBytes(path: string): number {
  try {
    const { bavail, blocks, bsize } = statfsSync(dirname(path));
    return bavail * bsize - Math.min(reserveBytes, blocks * bsize * reservePart);
  } catch {
    // A disk that cannot be asked tells when it is full.
    return Number.POSITIVE_INFINITY;
  }
}

/** Puts would take what deletions and compaction need. */
export class DiskRoomError extends Error {
  override readonly name = "DiskRoomError";

  constructor(path: string) {
    super(
      `the rest of the disk of "${path}" is kept for deletions and compaction; make room there, or delete and compact`,
    );
  }
}
