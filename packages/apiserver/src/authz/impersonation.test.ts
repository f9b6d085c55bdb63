import { deepEqual, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import { createImpersonationResolver } from "./impersonation.ts";
import { alice, asking, askingPath, RbacFixture, rule } from "./rbac-fixture.suite.ts";

const admin = { username: "admin", groups: ["system:masters"] };
const list = asking({ verb: "list" });

async function setUp(rules: Parameters<RbacFixture["putRole"]>[1] = []) {
  const rbac = await RbacFixture.open();
  await rbac.putRole("c", rules, "");
  await rbac.putBinding("b", "ClusterRole c", "User alice", "");
  return createImpersonationResolver(rbac.authorizer);
}

describe("createImpersonationResolver()", () => {
  it("leaves a request alone that impersonates nobody", async () => {
    const resolve = await setUp();
    equal(resolve(alice, ["Host", "x", "If-None-Match", "y", "Accept", "z"], list), undefined);
  });

  it("takes name, groups, uid and extra, with repeated headers apart", async () => {
    const resolve = await setUp();
    const headers = [
      ["Impersonate-User", "carol"],
      ["Impersonate-Group", "g1, g2"],
      ["impersonate-group", "g3"],
      ["Impersonate-Uid", "u-9"],
      ["Impersonate-Extra-Scope%2fX", "v"],
      ["Impersonate-Extra-Scope%2fX", "w"],
    ].flat();
    deepEqual(resolve(admin, headers, list), {
      username: "carol",
      uid: "u-9",
      groups: ["g1, g2", "g3", "system:authenticated"],
      extra: { "scope/x": ["v", "w"] },
    });
  });

  it("gives a service account its groups, and anonymous its own", async () => {
    const resolve = await setUp();
    deepEqual(resolve(admin, ["Impersonate-User", "system:serviceaccount:ns1:sa1"], list)?.groups, [
      "system:serviceaccounts",
      "system:serviceaccounts:ns1",
      "system:authenticated",
    ]);
    deepEqual(resolve(admin, ["Impersonate-User", "system:anonymous"], list)?.groups, [
      "system:unauthenticated",
    ]);
  });

  it("answers 400 to anything but a user alone, in Kubernetes' words", async () => {
    const resolve = await setUp();
    const refusal = (headers: readonly string[], message: string): void =>
      throws(() => resolve(admin, headers, list), { code: 400, message });
    refusal(
      ["Impersonate-Group", "g1"],
      'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"g1"}, Extra:map[string][]string(nil)} without impersonating a user name',
    );
    refusal(
      ["Impersonate-Uid", "u", "Impersonate-Extra-b", "1", "Impersonate-Extra-a", "2"],
      'requested &user.DefaultInfo{Name:"", UID:"u", Groups:[]string(nil), Extra:map[string][]string{"a":[]string{"2"}, "b":[]string{"1"}}} without impersonating a user name',
    );
  });

  it("names the constrained verb to who never impersonated anybody", async () => {
    const resolve = await setUp();
    throws(() => resolve(alice, ["Impersonate-User", "carol"], list), {
      message:
        'configmaps is forbidden: User "alice" cannot impersonate-on:user-info:list resource "configmaps" in API group "" in the namespace "ns"',
    });
    throws(() => resolve(alice, ["Impersonate-User", "carol"], askingPath("/version")), {
      message: 'forbidden: User "alice" cannot impersonate-on:user-info:get path "/version"',
    });
  });

  it("allows by the plain verb, and then names it in refusals", async () => {
    const resolve = await setUp([
      rule({ resources: ["users"], resourceNames: ["carol"], verbs: ["impersonate"] }),
    ]);
    equal(resolve(alice, ["Impersonate-User", "carol"], list)?.username, "carol");
    const refusal = (headers: readonly string[], message: string): void =>
      throws(() => resolve(alice, headers, list), { code: 403, message });
    refusal(
      ["Impersonate-User", "dave"],
      'users "dave" is forbidden: User "alice" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    refusal(
      ["Impersonate-User", "carol", "Impersonate-Group", "g"],
      'groups "g" is forbidden: User "alice" cannot impersonate resource "groups" in API group "" at the cluster scope',
    );
    refusal(
      ["Impersonate-User", "carol", "Impersonate-Extra-k", "v"],
      'userextras.authentication.k8s.io "v" is forbidden: User "alice" cannot impersonate resource "userextras/k" in API group "authentication.k8s.io" at the cluster scope',
    );
    refusal(
      ["Impersonate-User", "carol", "Impersonate-Uid", "u"],
      'uids.authentication.k8s.io "u" is forbidden: User "alice" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope',
    );
    refusal(
      ["Impersonate-User", "system:serviceaccount:a:b"],
      'serviceaccounts "b" is forbidden: User "alice" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "a"',
    );
  });

  it("allows by the constrained verbs only what both name", async () => {
    const resolve = await setUp([
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["users"],
        verbs: ["impersonate:user-info"],
      },
      rule({ verbs: ["impersonate-on:user-info:list"] }),
    ]);
    equal(resolve(alice, ["Impersonate-User", "carol"], list)?.username, "carol");
    throws(() => resolve(alice, ["Impersonate-User", "carol"], asking()), { code: 403 });
    throws(() => resolve(alice, ["Impersonate-User", "system:node:n"], list), { code: 403 });
    throws(() => resolve(alice, ["Impersonate-User", "system:serviceaccount:a:b"], list), {
      code: 403,
    });
  });

  it("allows a service account by its own constrained verbs", async () => {
    const resolve = await setUp([
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["serviceaccounts"],
        verbs: ["impersonate:serviceaccount"],
      },
      rule({ verbs: ["impersonate-on:serviceaccount:list"] }),
    ]);
    const username = "system:serviceaccount:a:b";
    equal(resolve(alice, ["Impersonate-User", username], list)?.username, username);
  });
});
