import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { alice, asking, askingPath, RbacFixture, rule } from "./rbac-fixture.suite.ts";

describe("createRbacAuthorizer()", () => {
  it("allows by a Role in its namespace only, and says by which binding", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("r", [rule()]);
    await rbac.putBinding("b", "Role r", "User alice");
    deepEqual(rbac.authorizer(alice, asking()), {
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "alice"',
    });
    for (const other of [
      asking({ namespace: "other" }),
      asking({ namespace: "" }),
      asking({ verb: "list" }),
      asking({ resource: "secrets" }),
      asking({ group: "apps" }),
      asking({ subresource: "status" }),
    ]) {
      deepEqual(rbac.authorizer(alice, other), { allowed: false, reason: "" });
    }
  });

  it("allows by a ClusterRole in a RoleBinding in that namespace only", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("c", [rule(), { nonResourceURLs: ["*"], verbs: ["get"] }], "");
    await rbac.putBinding("b", "ClusterRole c", "Group qa");
    equal(
      rbac.authorizer(alice, asking()).reason,
      'RBAC: allowed by RoleBinding "b/ns" of ClusterRole "c" to Group "qa"',
    );
    equal(rbac.authorizer(alice, asking({ namespace: "other" })).allowed, false);
    equal(rbac.authorizer(alice, askingPath("/metrics")).allowed, false);
  });

  it("allows everywhere by a ClusterRoleBinding", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("c", [rule()], "");
    await rbac.putBinding("b", "ClusterRole c", "ServiceAccount sys/robot", "");
    const robot = { username: "system:serviceaccount:sys:robot", groups: [] };
    for (const namespace of ["", "ns", "other"]) {
      equal(
        rbac.authorizer(robot, asking({ namespace })).reason,
        'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "c" to ServiceAccount "robot/sys"',
      );
    }
  });

  it("follows every change at once", async () => {
    const rbac = await RbacFixture.open();
    const isAllowed = (): boolean => rbac.authorizer(alice, asking()).allowed;
    equal(isAllowed(), false);
    await rbac.putBinding("b", "Role r", "User alice");
    equal(isAllowed(), false);
    await rbac.putRole("r", [rule()]);
    equal(isAllowed(), true);
    await rbac.putRole("r", [rule({ verbs: ["list"] })]);
    equal(isAllowed(), false);
    await rbac.putRole("r", [rule({ verbs: ["*"] })]);
    equal(isAllowed(), true);
    await rbac.putBinding("b", "Role r", "User bob");
    equal(isAllowed(), false);
    await rbac.putBinding("b", "Role r", "Group dev");
    equal(isAllowed(), true);
    await rbac.deleteBinding("b");
    equal(isAllowed(), false);
  });

  it("names the roles that are missing, when that may be why", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putBinding("b", "Role gone", "User alice");
    deepEqual(rbac.authorizer(alice, asking()), {
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "gone" not found',
    });
    await rbac.putBinding("c", "ClusterRole lost", "User alice", "");
    equal(
      rbac.authorizer(alice, asking()).reason,
      'RBAC: [clusterrole.rbac.authorization.k8s.io "lost" not found, role.rbac.authorization.k8s.io "gone" not found]',
    );
  });

  it("allows masters everything, without any role", async () => {
    const { authorizer } = await RbacFixture.open();
    const master = { username: "x", groups: ["system:masters"] };
    deepEqual(authorizer(master, asking({ verb: "delete" })), { allowed: true, reason: "" });
    equal(authorizer(master, askingPath("/metrics")).allowed, true);
  });

  it("holds a rule with names to those names, and to requests that have one", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("r", [rule({ resourceNames: ["yes"], verbs: ["*"] })]);
    await rbac.putBinding("b", "Role r", "User alice");
    equal(rbac.authorizer(alice, asking({ name: "yes" })).allowed, true);
    equal(rbac.authorizer(alice, asking({ name: "no" })).allowed, false);
    equal(rbac.authorizer(alice, asking({ verb: "list" })).allowed, false);
    equal(rbac.authorizer(alice, asking({ verb: "create" })).allowed, false);
  });

  for (const [resources, asked, allowed] of [
    [["*"], { resource: "pods", subresource: "log" }, true],
    [["pods"], { resource: "pods", subresource: "log" }, false],
    [["pods/log"], { resource: "pods", subresource: "log" }, true],
    [["pods/log"], { resource: "pods" }, false],
    [["*/scale"], { resource: "deployments", subresource: "scale" }, true],
    [["*/scale"], { resource: "deployments", subresource: "status" }, false],
    [["*/scale"], { resource: "scale" }, false],
  ] as const) {
    const { resource, subresource } = { subresource: "", ...asked };
    it(`${allowed ? "allows" : "denies"} ${resource}/${subresource} by [${resources.join()}]`, async () => {
      const rbac = await RbacFixture.open();
      await rbac.putRole("r", [rule({ resources })]);
      await rbac.putBinding("b", "Role r", "User alice");
      equal(rbac.authorizer(alice, asking({ resource, subresource })).allowed, allowed);
    });
  }

  it("matches paths exactly, by prefix and by star", async () => {
    const rbac = await RbacFixture.open();
    const nonResourceURLs = ["/healthz", "/apis/*"];
    await rbac.putRole("c", [{ nonResourceURLs, verbs: ["get"] }], "");
    await rbac.putBinding("b", "ClusterRole c", "User alice", "");
    const isAllowed = (path: string): boolean => rbac.authorizer(alice, askingPath(path)).allowed;
    deepEqual(["/healthz", "/apis/", "/apis/apps", "/healthz/etcd", "/apis", "/"].map(isAllowed), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    equal(rbac.authorizer(alice, askingPath("/healthz", "post")).allowed, false);
  });

  it("never takes the answer to one question for that of another", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("c", [{ nonResourceURLs: ["*"], verbs: ["*"] }], "");
    await rbac.putBinding("b", "ClusterRole c", "User alice", "");
    // A review may ask about any path with any verb, also one that looks like a resource.
    for (const verb of ["get", "rget", "get  configmaps", ""]) {
      for (const path of [" configmaps  ns", "get  configmaps  ns", "ns"]) {
        equal(rbac.authorizer(alice, askingPath(path, verb)).allowed, true);
      }
    }
    equal(rbac.authorizer(alice, asking({ name: "x" })).allowed, false);
  });

  it("stays right beyond the number of answers that it remembers", async () => {
    const rbac = await RbacFixture.open();
    await rbac.putRole("r", [rule({ resourceNames: ["n1", "n4000"] })]);
    await rbac.putBinding("b", "Role r", "User alice");
    const allowed: string[] = [];
    for (let index = 0; index <= 5000; index++) {
      const name = `n${index}`;
      if (rbac.authorizer(alice, asking({ name })).allowed) allowed.push(name);
    }
    deepEqual(allowed, ["n1", "n4000"]);
  });
});
