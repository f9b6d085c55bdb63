import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { WriteLog } from "./write-log.ts";

const written = { kind: "removed" } as const;
const at = { operation: "delete", outcome: written, nowMs: 0 } as const;

describe("WriteLog", () => {
  it("keeps the last write of each member, and what came of it", () => {
    const log = new WriteLog();
    log.note("ns/a", "hz-a", at);
    const failed = { kind: "failed", message: "no quota" } as const;
    log.note("ns/a", "hz-a", { operation: "create", outcome: failed, nowMs: 1000 });
    deepEqual(log.lastIn("ns/a", "hz-a"), {
      time: "1970-01-01T00:00:01Z",
      operation: "create",
      result: "Failed",
      message: "no quota",
    });
    equal(log.lastIn("ns/a", "hz-b"), undefined);
  });

  it("takes what was dropped or not to be written for no write", () => {
    const log = new WriteLog();
    log.note("ns/a", "hz-a", { operation: "update", outcome: { kind: "stale" }, nowMs: 0 });
    log.note("ns/a", "hz-b", { operation: "none", outcome: { kind: "none" }, nowMs: 0 });
    deepEqual([log.lastIn("ns/a", "hz-a"), log.lastIn("ns/a", "hz-b")], [undefined, undefined]);
  });

  it("forgets what is gone, and beyond its limit what was written longest ago", () => {
    const log = new WriteLog(3);
    for (const key of ["a", "b", "c"]) log.note(key, "hz-a", at);
    log.note("a", "hz-a", at);
    log.note("d", "hz-a", at);
    const known = (): readonly string[] =>
      ["a", "b", "c", "d"].filter((key) => log.lastIn(key, "hz-a") !== undefined);
    deepEqual(known(), ["a", "c", "d"]);
    log.forget("c");
    log.note("e", "hz-a", at);
    deepEqual(known(), ["a", "d"]);
  });
});
