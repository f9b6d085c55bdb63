import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { readEtcdLimits } from "./read-etcd-limits.ts";

const given = {
  quotaBackendBytes: "0",
  maxRequestBytes: "1572864",
  maxTxnOps: "128",
  maxConcurrentStreams: "4294967295",
};

describe("readEtcdLimits()", () => {
  it("reads whole numbers", () => {
    deepEqual(readEtcdLimits(given), {
      quotaBackendBytes: 0,
      maxRequestBytes: 1_572_864,
      maxTxnOps: 128,
      maxConcurrentStreams: 4_294_967_295,
    });
  });

  it("refuses anything else", () => {
    for (const [name, value, message] of [
      ["quotaBackendBytes", "-1", /--quota-backend-bytes must be .*: it is "-1"$/],
      ["maxRequestBytes", "1e9", /--max-request-bytes must be/],
      ["maxTxnOps", "0", /--max-txn-ops must be a whole number from 1 to 10000/],
      ["maxConcurrentStreams", "many", /--max-concurrent-streams must be/],
    ] as const) {
      throws(() => readEtcdLimits({ ...given, [name]: value }), { name: "ServerError", message });
    }
  });
});
