import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { tellsProgress } from "./tells-progress.ts";

describe("tellsProgress()", () => {
  it("trusts 3.4.31, 3.5.13 and what is newer", () => {
    const good = [
      "3.4.31",
      "3.4.40",
      "3.5.13",
      "3.5.30",
      "3.6.0",
      "3.6.14-rc.0",
      "3.10.1",
      "4.0.0",
    ];
    const bad = ["3.3.27", "3.4.30", "3.5.0", "3.5.12", "2.3.8", "", "?"];
    deepEqual(good.filter(tellsProgress), good);
    deepEqual(bad.filter(tellsProgress), []);
  });
});
