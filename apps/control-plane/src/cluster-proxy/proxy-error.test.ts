import { deepEqual, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { DialError } from "@cellplane/tunnel";
import { unreachable } from "./proxy-error.ts";

const at = { cluster: "hz-a", endpoint: "https://10.0.0.1:6443" };

function coded(code: string): Error {
  return Object.assign(new Error("failed"), { code });
}

describe("unreachable()", () => {
  it("tells 503, 502 and 504 apart, each with its cause", () => {
    const cases = [
      [new DialError("NoAgent", "none"), 503, "NoAgent"],
      [new DialError("UnknownCluster", "none"), 503, "UnknownCluster"],
      [new DialError("TimedOut", "late"), 504, "TimedOut"],
      [new DialError("Failed", "refused there"), 502, "Failed"],
      [new Error("wrapped", { cause: new DialError("AgentLost", "lost") }), 502, "AgentLost"],
      [coded("ENOTUNNEL"), 503, "NoTunnel"],
      [coded("ETIMEDOUT"), 504, "ETIMEDOUT"],
      [coded("ECONNREFUSED"), 502, "ECONNREFUSED"],
      [new Error("odd"), 502, "Unreachable"],
    ] as const;
    for (const [error, code, reason] of cases) {
      const answer = unreachable(error, at);
      deepEqual([answer.code, answer.details?.causes?.[0]?.reason], [code, reason]);
      match(answer.message, /^Cannot reach cluster "hz-a": /);
    }
  });
});
