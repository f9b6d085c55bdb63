import { equal, match, ok } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LogChange } from "../../store/revision-log.ts";
import { encodeChanges } from "./change-frame.ts";
import { diskRoomBytes } from "./disk-room.ts";
import { SqliteWriter, type WriteOutcome } from "./sqlite-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-room-"));
after(() => rmSync(folder, { recursive: true }));
const mebibyte = 1024 * 1024;

/** A put of so many bytes, or a deletion, of one key; its row before is that of `previousRevision`. */
function change(
  revision: number,
  what: { readonly bytes?: number; readonly previousRevision?: number },
): LogChange {
  const { bytes, previousRevision = 0 } = what;
  return {
    kind: bytes === undefined ? "delete" : "put",
    revision,
    sub: 0,
    key: "a",
    createRevision: bytes === undefined ? 0 : revision,
    version: 1,
    lease: 0,
    previousRevision,
    previousSub: 0,
    value: Buffer.alloc(bytes ?? 0),
    previous: undefined,
  };
}

function failureOf(outcome: WriteOutcome): string {
  if (outcome.kind === "failed") return `${outcome.failure.kind}: ${outcome.failure.message}`;
  return "";
}

describe("diskRoomBytes()", () => {
  it("asks the disk, and finds no fault where there is none to ask", () => {
    ok(Number.isFinite(diskRoomBytes(join(folder, "store.db"))));
    equal(diskRoomBytes("/nowhere/at/all"), Number.POSITIVE_INFINITY);
  });
});

describe("SqliteWriter on a disk that is nearly full", () => {
  it("refuses puts and leases, deletes and compacts, and puts again into what that has freed", () => {
    let roomBytes = 100 * mebibyte;
    const options = { path: join(folder, "store.db"), newClusterId: "0", maxFileBytes: 0 };
    const writer = new SqliteWriter(options, () => roomBytes);
    const append = (...changes: readonly LogChange[]): string =>
      failureOf(writer.append(encodeChanges(changes), 1));
    equal(append(change(2, { bytes: 2 * mebibyte })), "");
    roomBytes = -mebibyte;
    match(append(change(3, { bytes: 1 })), /^no-space: .* kept for deletions/);
    match(failureOf(writer.putLease({ id: 1, ttlSeconds: 1 })), /^no-space: /);
    equal(append(change(3, { previousRevision: 2 })), "");
    // The old value is still there.
    match(append(change(4, { bytes: 1 })), /^no-space: /);
    equal(append(change(4, {})), "");
    equal(failureOf(writer.raiseCompacted(4)), "");
    equal(failureOf(writer.compactStep()), "");
    equal(append(change(5, { bytes: 1 })), "");
    roomBytes = -3 * mebibyte;
    match(append(change(6, { bytes: 1 })), /^no-space: /);
    writer.close();
  });
});
