import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseProxyPath, proxyPrefixOf } from "./proxy-path.ts";

describe("parseProxyPath()", () => {
  it("tells the cluster and the path in it, escaped as it came", () => {
    const path = `${proxyPrefixOf("bank-prod.rz00a")}/api/v1/namespaces/a%20b/pods`;
    deepEqual(parseProxyPath(path), {
      cluster: "bank-prod.rz00a",
      rest: "/api/v1/namespaces/a%20b/pods",
    });
    deepEqual(parseProxyPath(proxyPrefixOf("hz-a")), { cluster: "hz-a", rest: "/" });
  });

  it("knows no other path", () => {
    for (const path of [
      "/apis/proxy.cellplane.io/v1alpha1/clusters/hz-a",
      "/apis/proxy.cellplane.io/v1alpha1/clusters/hz-a/proxyx",
      "/apis/proxy.cellplane.io/v1alpha1//clusters/hz-a/proxy/api",
      "/apis/proxy.cellplane.io/v1alpha1/clusters/%E0%A4%A/proxy/api",
    ]) {
      equal(parseProxyPath(path), undefined, path);
    }
  });

  it("refuses what would leave the member's API, however it is escaped", () => {
    for (const rest of [
      "/../x",
      "/api/%2e%2E/x",
      "/api/.%2e",
      "/a%2f..%2fb",
      "/a\\..\\b",
      "/./x",
    ]) {
      throws(() => parseProxyPath(proxyPrefixOf("hz-a") + rest), { reason: "BadRequest" }, rest);
    }
    equal(parseProxyPath(`${proxyPrefixOf("hz-a")}/api/v1/a..b`)?.rest, "/api/v1/a..b");
  });
});
