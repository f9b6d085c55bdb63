import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import { abortableDelay } from "./abortable-delay.ts";

describe("abortableDelay()", () => {
  it("takes a deadline that has passed without a warning of Node's", async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): number => warnings.push(name);
    process.on("warning", note);
    await abortableDelay(-2, new AbortController().signal);
    // Warnings are told on the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    deepEqual(warnings, []);
  });
});
