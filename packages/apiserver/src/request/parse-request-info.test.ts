import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRequestInfo } from "./parse-request-info.ts";

const none = new URLSearchParams();

function brief(method: string, path: string, query = ""): string {
  const info = parseRequestInfo(method, path, new URLSearchParams(query));
  if (!info.isResourceRequest) return `${info.verb} ${info.path}`;
  const { verb, group, version, namespace, resource, name, subresource } = info;
  return [verb, group, version, namespace, resource, name, subresource].join(" ");
}

describe("parseRequestInfo()", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["GET", "/api/v1/namespaces/ns/configmaps/a", "get  v1 ns configmaps a "],
    ["HEAD", "/api/v1/namespaces/ns/configmaps/a", "get  v1 ns configmaps a "],
    ["POST", "/apis/apps/v1/namespaces/ns/deployments", "create apps v1 ns deployments  "],
    [
      "PUT",
      "/apis/apps/v1/namespaces/ns/deployments/d/scale",
      "update apps v1 ns deployments d scale",
    ],
    ["PATCH", "/api/v1/nodes/n", "patch  v1  nodes n "],
    ["DELETE", "/api/v1/namespaces/ns/pods", "deletecollection  v1 ns pods  "],
    ["GET", "/api/v1/configmaps/", "list  v1  configmaps  "],
    ["GET", "/api/v1/namespaces/ns", "get  v1 ns namespaces ns "],
    ["PUT", "/api/v1/namespaces/ns/finalize", "update  v1 ns namespaces ns finalize"],
    ["GET", "/api/v1/namespaces/ns/status", "get  v1 ns namespaces ns status"],
    ["GET", "/api/v1/watch/namespaces/ns/pods", "watch  v1 ns pods  "],
    [
      "GET",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab",
      "get rbac.authorization.k8s.io v1  clusterroles a:b ",
    ],
    ["GET", "/api/v1", "get /api/v1"],
    ["GET", "/apis/apps/v1", "get /apis/apps/v1"],
    ["POST", "/healthz", "post /healthz"],
  ];
  for (const [method, path, expected] of cases) {
    it(`reads ${method} ${path} as ${expected.trim()}`, () => {
      equal(brief(method, path), expected);
    });
  }

  it("tells a watch from a list by what does not read as false", () => {
    const path = "/api/v1/pods";
    equal(brief("GET", path, "watch=1").split(" ")[0], "watch");
    equal(brief("GET", path, "watch").split(" ")[0], "watch");
    equal(brief("GET", path, "watch=maybe").split(" ")[0], "watch");
    equal(brief("GET", path, "watch=false").split(" ")[0], "list");
    equal(brief("GET", `${path}/p`, "watch=1").split(" ")[0], "get");
  });

  it("takes the name of a selector for one object", () => {
    const query = new URLSearchParams({ fieldSelector: "metadata.name=a" });
    equal(parseRequestInfo("GET", "/api/v1/namespaces/ns/pods", query).name, "a");
  });

  it("keeps what follows a subresource", () => {
    const info = parseRequestInfo("GET", "/api/v1/nodes/n/proxy/a/b", none);
    deepEqual([info.subresource, info.rest], ["proxy", "a/b"]);
  });
});
