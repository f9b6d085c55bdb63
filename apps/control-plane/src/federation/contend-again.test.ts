import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { Logger } from "@cellplane/apiserver";
import { LeaseLostError } from "@cellplane/controllers";
import { contendAgain } from "./contend-again.ts";

const ignore = (): undefined => undefined;
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A controller whose runs end one after the other as told. */
function endingWith(...ends: readonly (Error | "stopped")[]): {
  readonly runs: string[];
  readonly run: () => Promise<void>;
} {
  const runs: string[] = [];
  return {
    runs,
    run: async () => {
      const end = ends[runs.length];
      runs.push(end instanceof Error ? end.message : "stopped");
      if (end instanceof Error) throw end;
    },
  };
}

describe("contendAgain()", () => {
  it("leads again after a lost lease, as often as it takes", async () => {
    const led = endingWith(new LeaseLostError("one"), new LeaseLostError("two"), "stopped");
    await contendAgain({ name: "led", run: led.run }, silent).run(new AbortController().signal);
    deepEqual(led.runs, ["one", "two", "stopped"]);
  });

  it("passes on what is no lost lease", async () => {
    const led = endingWith(new Error("broken"));
    const again = contendAgain({ name: "led", run: led.run }, silent);
    await rejects(again.run(new AbortController().signal), /broken/);
  });

  it("ends where it is stopped while it lost the lease", async () => {
    const stop = new AbortController();
    stop.abort();
    const led = endingWith("stopped");
    await contendAgain({ name: "led", run: led.run }, silent).run(stop.signal);
    deepEqual(led.runs, []);
  });
});
