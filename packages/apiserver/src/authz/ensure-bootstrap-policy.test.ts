import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import { ensureBootstrapPolicy } from "./ensure-bootstrap-policy.ts";
import { createRbacAuthorizer } from "./rbac-authorizer.ts";
import { askingPath } from "./rbac-fixture.suite.ts";
import { RbacIndex } from "./rbac-index.ts";

const group = "rbac.authorization.k8s.io";
const clusterroles = { group, resource: "clusterroles" };
const bindings = { group, resource: "clusterrolebindings" };

async function setUp(): Promise<MemoryObjectAccess> {
  const objects = new MemoryObjectAccess();
  await ensureBootstrapPolicy(objects);
  return objects;
}

describe("ensureBootstrapPolicy()", () => {
  it("lets anonymous read the health and nothing of the API, as a fresh cluster does", async () => {
    const authorizer = createRbacAuthorizer(await RbacIndex.open(await setUp()));
    const anonymous = { username: "system:anonymous", groups: ["system:unauthenticated"] };
    const bob = { username: "bob", groups: ["system:authenticated"] };
    const allowed = (user: typeof bob, path: string): boolean =>
      authorizer(user, askingPath(path)).allowed;
    deepEqual(
      ["/healthz", "/version", "/api", "/metrics"].map((path) => allowed(anonymous, path)),
      [true, true, false, false],
    );
    deepEqual(
      ["/healthz", "/api", "/apis/apps", "/metrics"].map((path) => allowed(bob, path)),
      [true, true, true, false],
    );
  });

  it("writes nothing on a restart", async () => {
    const objects = await setUp();
    const { writes } = objects;
    await ensureBootstrapPolicy(objects);
    equal(objects.writes, writes);
  });

  it("adds what was taken away and keeps what was added", async () => {
    const objects = await setUp();
    const own = { verbs: ["get"], apiGroups: ["x"], resources: ["y"] };
    const before = await objects.get(clusterroles, "system:auth-delegator");
    const rules = (before?.["rules"] ?? []) as readonly object[];
    await objects.update(clusterroles, "system:auth-delegator", (role) => ({
      ...role,
      metadata: { ...role.metadata, labels: { mine: "1" } },
      rules: [own],
    }));
    await objects.update(bindings, "system:discovery", (binding) => ({ ...binding, subjects: [] }));
    await ensureBootstrapPolicy(objects);
    const role = await objects.get(clusterroles, "system:auth-delegator");
    deepEqual(role?.["rules"], [own, ...rules]);
    deepEqual(role?.metadata.labels, {
      "kubernetes.io/bootstrapping": "rbac-defaults",
      mine: "1",
    });
    const binding = await objects.get(bindings, "system:discovery");
    deepEqual(binding?.["subjects"], [
      { kind: "Group", apiGroup: group, name: "system:authenticated" },
    ]);
  });

  it("leaves alone what is annotated so", async () => {
    const objects = await setUp();
    await objects.update(clusterroles, "cluster-admin", (role) => ({
      ...role,
      metadata: {
        ...role.metadata,
        annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" },
      },
      rules: [],
    }));
    const { writes } = objects;
    await ensureBootstrapPolicy(objects);
    equal(objects.writes, writes);
  });

  it("keeps the rules that a collecting role has collected", async () => {
    const objects = await setUp();
    const rules = [{ verbs: ["get"], apiGroups: ["x"], resources: ["y"] }];
    await objects.update(clusterroles, "view", (role) => ({ ...role, rules }));
    await ensureBootstrapPolicy(objects);
    deepEqual((await objects.get(clusterroles, "view"))?.["rules"], rules);
  });

  it("makes a binding anew that was turned to another role", async () => {
    const objects = await setUp();
    const roleRef = { apiGroup: group, kind: "ClusterRole", name: "view" };
    await objects.update(bindings, "cluster-admin", (binding) => ({ ...binding, roleRef }));
    await ensureBootstrapPolicy(objects);
    const binding = await objects.get(bindings, "cluster-admin");
    deepEqual(binding?.["roleRef"], { ...roleRef, name: "cluster-admin" });
  });

  it("bears another server that starts at the same time", async () => {
    const objects = new MemoryObjectAccess();
    await Promise.all([ensureBootstrapPolicy(objects), ensureBootstrapPolicy(objects)]);
    ok((await objects.list(clusterroles)).length >= 70);
  });
});
