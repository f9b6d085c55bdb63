import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { WatchConfirmation } from "./watch-confirmation.ts";

describe("WatchConfirmation", () => {
  it("doubts a watch that does not tell of a write", () => {
    const watch = new WatchConfirmation();
    watch.told("5");
    watch.written("7", 0);
    equal(watch.isDoubted(5000), false);
    watch.told("6");
    equal(watch.isDoubted(9000), true);
  });

  it("trusts one that tells of it, before or after the answer to the write", () => {
    const watch = new WatchConfirmation();
    watch.told("7");
    watch.written("7", 0);
    equal(watch.isDoubted(60_000), false);
    watch.written("9", 60_000);
    watch.told("9");
    equal(watch.isDoubted(120_000), false);
  });

  it("does not trust it again for what a list showed, only for what it tells", () => {
    const watch = new WatchConfirmation();
    watch.written("7", 0);
    equal(watch.isDoubted(9000), true);
    watch.listed("8");
    equal(watch.isDoubted(9001), true);
    watch.told("9");
    equal(watch.isDoubted(9002), false);
  });

  it("says nothing of versions that are no numbers", () => {
    const watch = new WatchConfirmation();
    watch.written("abc", 0);
    equal(watch.isDoubted(60_000), false);
  });
});
