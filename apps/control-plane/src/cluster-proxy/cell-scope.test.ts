import { deepEqual, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { checkWithinCell, isWithinCell } from "./cell-scope.ts";

const namespace = "bank-prod-rz00a";

/** Those of some requests that are let through. */
function letThrough(requests: readonly string[]): readonly string[] {
  return requests.filter((request) => {
    const [method = "", path = ""] = request.split(" ");
    return isWithinCell({ method, path, namespace });
  });
}

describe("isWithinCell()", () => {
  it("lets through what is in the namespace, and what clients have to know", () => {
    const requests = [
      `GET /api/v1/namespaces/${namespace}`,
      `GET /api/v1/namespaces/${namespace}/pods`,
      `POST /api/v1/namespaces/${namespace}/pods/web/exec`,
      `DELETE /apis/apps/v1/namespaces/${namespace}/deployments/web`,
      `GET /api/v1/watch/namespaces/${namespace}/pods`,
      "GET /",
      "GET /api",
      "GET /apis",
      "GET /apis/apps/v1",
      "GET /api/v1/",
      "GET /openapi/v3/apis/apps/v1",
      "GET /version",
      "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      "POST /apis/authentication.k8s.io/v1/selfsubjectreviews",
    ];
    deepEqual(letThrough(requests), requests);
  });

  it("keeps back all else", () => {
    deepEqual(
      letThrough([
        "GET /api/v1/nodes",
        "GET /api/v1/pods",
        "GET /api/v1/namespaces",
        "GET /api/v1/namespaces/kube-system/secrets",
        `GET /api/v1/namespaces/${namespace}x/pods`,
        `GET /api/v1/namespaces/${namespace}%2Fpods`,
        `GET /api/v1//namespaces/${namespace}/pods`,
        `GET /api/v1/namespaces//${namespace}/pods`,
        `DELETE /api/v1/namespaces/${namespace}`,
        `PUT /api/v1/namespaces/${namespace}/finalize`,
        `GET /api/v1/namespaces/${namespace}/status`,
        "POST /api/v1/namespaces",
        "POST /apis/apps/v1",
        "POST /apis/authorization.k8s.io/v1/subjectaccessreviews",
        "GET /apis/apps/v1/deployments",
        "GET /metrics",
        "GET /logs/kube-apiserver.log",
        `GET /apis/x/y/z/namespaces/${namespace}/pods`,
      ]),
      [],
    );
  });
});

describe("checkWithinCell()", () => {
  it("says who reaches what, and what was asked for", () => {
    const cell = "bank-prod.rz00a";
    throws(
      () =>
        checkWithinCell({ cell, namespace, method: "GET", path: "/api/v1/nodes", user: "alice" }),
      {
        reason: "Forbidden",
        message:
          'clusters.proxy.cellplane.io "bank-prod.rz00a" is forbidden: User "alice" reaches by this cell the namespace "bank-prod-rz00a" alone, and "/api/v1/nodes" is outside of it',
      },
    );
  });
});
