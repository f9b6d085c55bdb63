import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { match } from "./match.ts";

describe("match()", () => {
  const fits = (pairs: readonly string[]) => (wanted: string, offered: number) =>
    pairs.includes(`${wanted}${offered}`);

  it("takes back a choice that another needs", () => {
    const found = match(["a", "b"], [1, 2], fits(["a1", "a2", "b1"]));
    deepEqual([found.get("a"), found.get("b")], [2, 1]);
  });

  it("gives nothing twice", () => {
    equal(match(["a", "b", "c"], [1, 2], fits(["a1", "b1", "c1", "c2"])).size, 2);
  });
});
