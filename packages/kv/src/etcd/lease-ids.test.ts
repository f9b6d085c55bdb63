import { deepEqual, equal, notEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { LeaseIds } from "./lease-ids.ts";

describe("LeaseIds", () => {
  it("leaves ids within 2^53 as they are", () => {
    const ids = new LeaseIds();
    equal(ids.toNumber(7), 7);
    equal(ids.toWire(7), 7);
    equal(ids.toWire(2 ** 53 - 1), 2 ** 53 - 1);
  });

  it("gives larger ids safe numbers, the same in every process, and finds the way back", () => {
    const [ids, others] = [new LeaseIds(), new LeaseIds()];
    const id = 0x32695f1c00112233n;
    const number = ids.toNumber(id);
    equal(Number.isSafeInteger(number) && number >= 2 ** 52, true);
    equal(ids.toNumber(id), number);
    equal(others.toNumber(id), number);
    equal(ids.toWire(number), id);
  });

  it("keeps apart two ids that would get the same number", () => {
    const ids = new LeaseIds();
    const [a, b] = [2n ** 62n + 2n ** 52n - 1n, 2n ** 61n + 2n ** 52n - 1n];
    const numbers = [ids.toNumber(a), ids.toNumber(b)];
    notEqual(numbers[0], numbers[1]);
    deepEqual(
      numbers.map((number) => ids.toWire(number)),
      [a, b],
    );
  });
});
