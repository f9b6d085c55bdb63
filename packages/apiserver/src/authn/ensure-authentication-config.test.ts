import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import { ensureAuthenticationConfig } from "./ensure-authentication-config.ts";

const scope = { group: "", resource: "configmaps", namespace: "kube-system" };

describe("ensureAuthenticationConfig()", () => {
  it("publishes the authority, keeps other entries, and writes only when it changed", async () => {
    const objects = new MemoryObjectAccess();
    const read = async () =>
      (await objects.get(scope, "extension-apiserver-authentication"))?.["data"];
    await ensureAuthenticationConfig(objects, "CA");
    deepEqual(await read(), { "client-ca-file": "CA" });
    await objects.update(scope, "extension-apiserver-authentication", (config) => ({
      ...config,
      data: { "client-ca-file": "old", "requestheader-client-ca-file": "x" },
    }));
    await ensureAuthenticationConfig(objects, "CA");
    deepEqual(await read(), { "client-ca-file": "CA", "requestheader-client-ca-file": "x" });
    const { writes } = objects;
    await ensureAuthenticationConfig(objects, "CA");
    equal(objects.writes, writes);
  });
});
