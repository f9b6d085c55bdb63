import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { namesIn, parseNames } from "./topology-words.ts";

describe("namesIn()", () => {
  it("takes the option that suits the object's topology type, or the general one", () => {
    deepEqual(namesIn({ cells: ["a", "b", "a"] }, "cell"), ["a", "b"]);
    deepEqual(namesIn({ clusters: ["a"] }, "cluster"), ["a"]);
    deepEqual(namesIn({ topologies: ["a"] }, "zone"), ["a"]);
    deepEqual(namesIn({ topologies: ["a"] }, "cell"), ["a"]);
    equal(namesIn({}, "cell"), undefined);
  });

  it("refuses a word that does not suit, and says which does", () => {
    throws(() => namesIn({ cells: ["a"] }, "cluster"), /must be "cell": .* with --clusters$/);
    throws(() => namesIn({ clusters: ["a"] }, "cell"), /must be "cluster": .* with --cells$/);
    throws(() => namesIn({ cells: ["a"] }, "zone"), /give its zones with --topologies$/);
  });
});

describe("parseNames()", () => {
  it("takes lists, and an option given more than once", () => {
    deepEqual(parseNames("b, c", parseNames("a")), ["a", "b", "c"]);
    deepEqual(parseNames(""), []);
  });
});
