import { throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { UnavailableError } from "../store/kv-error.ts";
import { EtcdMembers } from "./etcd-members.ts";

describe("EtcdMembers", () => {
  it("refuses certificates that cannot be used, and names the parameters", () => {
    const target = { endpoints: ["https://127.0.0.1:1"], prefix: "", password: "" };
    throws(
      () => new EtcdMembers({ ...target, tls: { cert: "none", key: "none" } }),
      (error: Error) =>
        error instanceof UnavailableError &&
        error.message.startsWith("Cannot use the ssl-ca, ssl-cert and ssl-key of the etcd URL: "),
    );
  });
});
