import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { mergeLedgers } from "./import-objects.ts";

const theirs = {
  templateVersion: "t",
  overridesVersion: "o",
  clusterVersions: [
    { clusterName: "a", version: "gen:1" },
    { clusterName: "b", version: "gen:2" },
  ],
};

describe("mergeLedgers()", () => {
  it("takes KubeFed's where there is none", () => {
    equal(mergeLedgers(undefined, theirs), theirs);
    equal(mergeLedgers({ templateVersion: "", overridesVersion: "" }, theirs), theirs);
  });

  it("adds what the control plane has not found out by itself", () => {
    const own = { clusterName: "b", version: "gen:2", hash: "h", revision: 1 };
    const ours = { ...theirs, clusterVersions: [own] };
    deepEqual(mergeLedgers(ours, theirs).clusterVersions, [theirs.clusterVersions[0], own]);
  });

  it("changes nothing where all is known, or was recorded for another template", () => {
    const [a, b] = theirs.clusterVersions.map((entry) => ({ ...entry, hash: "h" }));
    const known = { ...theirs, clusterVersions: [a, b].filter((entry) => entry !== undefined) };
    equal(mergeLedgers(known, theirs), known);
    const later = {
      ...known,
      templateVersion: "later",
      clusterVersions: known.clusterVersions.slice(1),
    };
    equal(mergeLedgers(later, theirs), later);
  });
});
