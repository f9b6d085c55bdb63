import { doesNotThrow, equal, throws } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { AdmissionRequest } from "../admission/admission.ts";
import { createEscalationPlugin } from "./escalation-plugin.ts";
import { alice, RbacFixture, rule } from "./rbac-fixture.suite.ts";

const group = "rbac.authorization.k8s.io";

async function setUp(rules: readonly JsonObject[]) {
  const rbac = await RbacFixture.open();
  await rbac.putRole("own", rules);
  await rbac.putBinding("own", "Role own", "User alice");
  const plugin = createEscalationPlugin(rbac);
  const write = (
    resource: string,
    content: JsonObject,
    change: Partial<AdmissionRequest> = {},
  ): void => {
    const request: AdmissionRequest = {
      operation: "CREATE",
      gvk: { group, version: "v1", kind: "" },
      gvr: { group, version: "v1", resource },
      subresource: "",
      namespace: resource.startsWith("cluster") ? "" : "ns",
      name: "new",
      object: { metadata: { name: "new" }, ...content },
      options: undefined,
      dryRun: false,
      user: alice,
      warn: () => undefined,
      ...change,
    };
    equal(plugin.handles(request), true);
    void plugin.validate?.(request, new AbortController().signal);
  };
  return { rbac, write };
}

const head =
  'roles.rbac.authorization.k8s.io "new" is forbidden: user "alice" (groups=["dev" "qa" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n';

describe("createEscalationPlugin()", () => {
  it("lets a user grant what the user has", async () => {
    const { write } = await setUp([rule({ verbs: ["get"] }), rule({ verbs: ["list"] })]);
    doesNotThrow(() => write("roles", { rules: [rule({ verbs: ["get", "list"] })] }));
    doesNotThrow(() => write("roles", { rules: [rule({ resourceNames: ["a"] })] }));
  });

  it("lists what is missing, joined by verb and sorted", async () => {
    const { write } = await setUp([rule()]);
    const rules = [rule({ resources: ["configmaps", "secrets"], verbs: ["get", "list"] })];
    throws(() => write("roles", { rules }), {
      code: 403,
      message: `${head}{APIGroups:[""], Resources:["configmaps"], Verbs:["list"]}\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}`,
    });
    throws(() => write("roles", { rules: [rule({ verbs: ["*"], resourceNames: ["n"] })] }), {
      message: `${head}{APIGroups:[""], Resources:["configmaps"], ResourceNames:["n"], Verbs:["*"]}`,
    });
    throws(() => write("clusterroles", { rules: [{ nonResourceURLs: ["/x"], verbs: ["get"] }] }), {
      message: /\{NonResourceURLs:\["\/x"\], Verbs:\["get"\]\}$/,
    });
  });

  it("does not take a right on one name for the right on all", async () => {
    const { write } = await setUp([rule({ resourceNames: ["a"] })]);
    throws(() => write("roles", { rules: [rule()] }), { code: 403 });
    doesNotThrow(() => write("roles", { rules: [rule({ resourceNames: ["a"] })] }));
  });

  it("covers subresources by stars as authorization does", async () => {
    const { write } = await setUp([rule({ resources: ["*/scale"] })]);
    doesNotThrow(() => write("roles", { rules: [rule({ resources: ["pods/scale"] })] }));
    throws(() => write("roles", { rules: [rule({ resources: ["pods/status"] })] }), { code: 403 });
  });

  it("lets a master and whoever may escalate grant anything", async () => {
    const { write } = await setUp([
      rule({ apiGroups: [group], resources: ["roles"], verbs: ["escalate"] }),
    ]);
    const rules = [rule({ verbs: ["*"] })];
    doesNotThrow(() => write("roles", { rules }));
    throws(() => write("clusterroles", { rules }), { code: 403 });
    const user = { username: "x", groups: ["system:masters"] };
    doesNotThrow(() => write("clusterroles", { rules }, { user }));
  });

  it("asks for the referenced role's rules, or the verb bind on it", async () => {
    const bind = { apiGroups: [group], resources: ["roles"], verbs: ["bind"] };
    const { rbac, write } = await setUp([rule(), { ...bind, resourceNames: ["free"] }]);
    const binding = (name: string): JsonObject => ({
      roleRef: { apiGroup: group, kind: "Role", name },
    });
    await rbac.putRole("small", [rule()]);
    await rbac.putRole("big", [rule({ verbs: ["delete"] })]);
    await rbac.putRole("free", [rule({ verbs: ["delete"] })]);
    doesNotThrow(() => write("rolebindings", binding("small")));
    doesNotThrow(() => write("rolebindings", binding("free")));
    throws(() => write("rolebindings", binding("big")), {
      code: 403,
      message: /^rolebindings\.rbac\.authorization\.k8s\.io "new" is forbidden: user "alice"/,
    });
    throws(() => write("rolebindings", binding("none")), {
      code: 404,
      message: 'role.rbac.authorization.k8s.io "none" not found',
    });
  });

  it("asks for everything before a role may collect rules", async () => {
    const { write } = await setUp([rule()]);
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] };
    throws(() => write("clusterroles", { rules: null, aggregationRule }), {
      message:
        'clusterroles.rbac.authorization.k8s.io "new" is forbidden: must have cluster-admin privileges to use an aggregationRule',
    });
  });

  it("lets the garbage collector take finalizers and owners from any role", async () => {
    const { write } = await setUp([]);
    const rules = [rule({ verbs: ["*"] })];
    const old: KubernetesObject = { metadata: { name: "new", finalizers: ["f"] }, rules };
    const object = { metadata: { name: "new" }, rules };
    const update = { operation: "UPDATE", oldObject: old } as const;
    doesNotThrow(() => write("roles", {}, { ...update, object }));
    const relabelled = { metadata: { name: "new", labels: { a: "b" } }, rules };
    throws(() => write("roles", {}, { ...update, object: relabelled }), { code: 403 });
  });

  it("is not asked about deletes or other kinds", async () => {
    const { rbac } = await setUp([]);
    const plugin = createEscalationPlugin(rbac);
    const request = { operation: "DELETE", gvr: { group, version: "v1", resource: "roles" } };
    equal(plugin.handles(request as AdmissionRequest), false);
    const other = { operation: "CREATE", gvr: { group: "", version: "v1", resource: "pods" } };
    equal(plugin.handles(other as AdmissionRequest), false);
  });
});
