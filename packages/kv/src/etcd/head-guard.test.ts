import { equal, throws } from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { ResponseHeader } from "@cellplane/etcd-api";
import { RevisionsLostError, UnavailableError } from "../store/kv-error.ts";
import { HeadGuard } from "./head-guard.ts";

const folder = mkdtempSync(join(tmpdir(), "cellplane-head-guard-"));
after(() => rmSync(folder, { recursive: true }));

const header = (revision: number, clusterId = 7n): ResponseHeader => ({
  clusterId,
  revision,
  memberId: 1n,
  raftTerm: 2,
});

describe("HeadGuard", () => {
  it("refuses an answer that is behind what was known when its call began", () => {
    const guard = new HeadGuard(undefined);
    const early = guard.begin();
    guard.check(header(10), guard.begin());
    // This call began before: answers may overtake each other.
    guard.check(header(9), early);
    equal(guard.revision, 10);
    const late = guard.begin();
    throws(() => guard.check(header(9), late), RevisionsLostError);
  });

  it("counts what watches have shown as known", () => {
    const guard = new HeadGuard(undefined);
    guard.check(header(10), guard.begin());
    guard.show(12);
    throws(() => guard.check(header(11), guard.begin()), { from: 12, to: 11 });
  });

  it("refuses another cluster, whatever its revision", () => {
    const guard = new HeadGuard(undefined);
    guard.check(header(10), guard.begin());
    throws(
      () => guard.check(header(20, 8n), guard.begin()),
      /it is another cluster, 8 instead of 7/,
    );
  });

  it("remembers in a file, which another process reads", () => {
    const path = join(folder, "head.json");
    const guard = new HeadGuard(path);
    guard.check(header(10), guard.begin());
    guard.flush();
    equal(readFileSync(path, "utf8"), '{"clusterId":"0000000000000007","revision":10}\n');
    const next = new HeadGuard(path);
    equal(next.revision, 10);
    throws(
      () => next.check(header(9), next.begin()),
      /revision 10 was acknowledged, and the database is at 9 .*accept the loss/,
    );
  });

  it("refuses a damaged file", () => {
    const path = join(folder, "damaged.json");
    for (const text of ["", "{}", '{"clusterId":"x","revision":1}', "["]) {
      writeFileSync(path, text);
      throws(() => new HeadGuard(path), UnavailableError);
    }
  });
});
