import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { forbiddenRequest } from "./forbidden-request.ts";
import { alice, asking, askingPath } from "./rbac-fixture.suite.ts";

describe("forbiddenRequest()", () => {
  for (const [asked, message, details] of [
    [
      asking({ name: "x" }),
      'configmaps "x" is forbidden: User "alice" cannot get resource "configmaps" in API group "" in the namespace "ns"',
      { name: "x", kind: "configmaps" },
    ],
    [
      asking({ verb: "list", namespace: "" }),
      'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" at the cluster scope',
      { kind: "configmaps" },
    ],
    [
      asking({ group: "apps", resource: "deployments", subresource: "scale", name: "d" }),
      'deployments.apps "d" is forbidden: User "alice" cannot get resource "deployments/scale" in API group "apps" in the namespace "ns"',
      { name: "d", group: "apps", kind: "deployments" },
    ],
    [askingPath("/a<b>"), 'forbidden: User "alice" cannot get path "/a&lt;b&gt;"', {}],
  ] as const) {
    it(`says ${message}`, () => {
      const error = forbiddenRequest(alice, asked, "");
      deepEqual([error.message, error.details, error.code], [message, details, 403]);
    });
  }

  it("ends with the authorizer's reason", () => {
    equal(
      forbiddenRequest(alice, askingPath("/x"), "RBAC: why").message,
      'forbidden: User "alice" cannot get path "/x": RBAC: why',
    );
  });
});
