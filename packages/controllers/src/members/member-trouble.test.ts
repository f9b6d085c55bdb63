import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { StatusError } from "@cellplane/apimachinery";
import { formatTrouble, type MemberSigns } from "./member-trouble.ts";

type WatchSigns = MemberSigns["watches"][number];

const watch = (resource: string, signs: Partial<WatchSigns> = {}): WatchSigns => ({
  resource,
  error: undefined,
  isLate: false,
  isDoubted: false,
  ...signs,
});
const reset = new Error("the connection was reset");

describe("formatTrouble()", () => {
  it("knows of none where all watches tell", () => {
    equal(formatTrouble({ watches: [watch("configmaps")], slowedForMs: 0 }), undefined);
  });

  it("tells of a watch that is silent beside one that fails", () => {
    const watches = [
      watch("namespaces", { error: reset }),
      watch("configmaps", { isDoubted: true }),
    ];
    deepEqual(formatTrouble({ watches, slowedForMs: 0 }), {
      reason: "WatchFailed",
      message:
        "namespaces cannot be watched: the connection was reset; " +
        "the watch of configmaps is open and does not tell of what was written; it is listed instead",
    });
  });

  it("tells of a list that is overdue unless it is said why", () => {
    const watches = [
      watch("secrets", { isLate: true, error: reset }),
      watch("configmaps", { isLate: true }),
    ];
    deepEqual(formatTrouble({ watches, slowedForMs: 0 })?.message.split("; "), [
      "secrets cannot be watched: the connection was reset",
      "the first list of configmaps is overdue",
    ]);
  });

  it("puts a credential that is refused before all else", () => {
    const refused = new StatusError("Unauthorized", "Unauthorized");
    const watches = [
      watch("configmaps", { isDoubted: true }),
      watch("secrets", { error: refused }),
    ];
    equal(formatTrouble({ watches, slowedForMs: 60_000 })?.reason, "Unauthorized");
  });
});
