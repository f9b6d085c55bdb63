import { deepEqual, equal, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { findObject, waitFor, waitForObject, waitUntilGone } from "../e2e/wait-for.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

let server: RunningServer;
before(async () => {
  server = await startServer("member");
});
after(() => server[Symbol.asyncDispose]());

const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };
const clusterRoles: ResourcePath = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  resource: "clusterroles",
};
const core = (resource: string, namespace = "default"): ResourcePath => ({
  group: "",
  version: "v1",
  resource,
  namespace,
});

async function makeNamespace(name: string, finalizers?: readonly string[]): Promise<void> {
  await server.client.create(namespaces, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, ...(finalizers === undefined ? {} : { finalizers }) },
  });
}

interface Owned {
  readonly namespace?: string;
  readonly owners?: readonly KubernetesObject[];
  readonly blocks?: boolean;
  readonly finalizers?: readonly string[];
}

function configMap(name: string, { namespace, owners = [], blocks, finalizers }: Owned = {}) {
  const ownerReferences = owners.map(({ apiVersion = "", kind = "", metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name ?? "",
    uid: metadata.uid ?? "",
    ...(blocks === true ? { blockOwnerDeletion: true } : {}),
  }));
  return server.client.create(core("configmaps", namespace), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ownerReferences, ...(finalizers === undefined ? {} : { finalizers }) },
  });
}

const place = (name: string, namespace?: string) => ({
  client: server.client,
  path: core("configmaps", namespace),
  name,
});

const remove = (name: string, propagationPolicy: "Background" | "Foreground" | "Orphan") =>
  server.client.delete(core("configmaps"), name, { propagationPolicy });

describe("the garbage collector", () => {
  it("deletes in the background what only a deleted object owned, down the whole chain", async () => {
    const owner = await configMap("bg");
    const child = await configMap("bg-child", { owners: [owner] });
    await configMap("bg-grandchild", { owners: [child] });
    await remove("bg", "Background");
    equal(await findObject(place("bg")), undefined);
    await waitUntilGone(place("bg-child"));
    await waitUntilGone(place("bg-grandchild"));
  });

  it("keeps the owner in the foreground until a blocking dependent is gone", async () => {
    const owner = await configMap("fg");
    await configMap("fg-child", { owners: [owner], blocks: true, finalizers: ["test.io/hold"] });
    await remove("fg", "Foreground");
    await waitForObject(place("fg-child"), isDeleting, true);
    const held = await findObject(place("fg"));
    deepEqual(held?.metadata.finalizers, ["foregroundDeletion"]);
    await release("fg-child");
    await waitUntilGone(place("fg-child"));
    await waitUntilGone(place("fg"));
  });

  it("lets go of dependents that are to be orphaned", async () => {
    const owner = await configMap("orphan");
    await configMap("orphan-child", { owners: [owner] });
    await remove("orphan", "Orphan");
    await waitUntilGone(place("orphan"));
    const child = await findObject(place("orphan-child"));
    deepEqual(child?.metadata.ownerReferences ?? [], []);
  });

  it("keeps what a second owner still owns, and forgets the first", async () => {
    const owners = [await configMap("two-a"), await configMap("two-b")];
    await configMap("two-child", { owners });
    await remove("two-a", "Background");
    await waitForObject(place("two-child"), ownerNames, ["two-b"]);
    await remove("two-b", "Background");
    await waitUntilGone(place("two-child"));
  });

  it("takes an owner in another namespace for one that is not there", async () => {
    await makeNamespace("elsewhere");
    const owner = await configMap("abroad", { namespace: "elsewhere" });
    await configMap("abroad-child", { owners: [owner] });
    await waitUntilGone(place("abroad-child"));
    ok(await findObject(place("abroad", "elsewhere")));
  });

  it("gets rid of a cycle that is deleted in the foreground", async () => {
    const one = await configMap("ring-a");
    const two = await configMap("ring-b", { owners: [one], blocks: true });
    const ownerReferences = [
      {
        apiVersion: "v1",
        kind: "ConfigMap",
        name: "ring-b",
        uid: two.metadata.uid ?? "",
        blockOwnerDeletion: true,
      },
    ];
    const patch = { type: "merge", body: { metadata: { ownerReferences } } } as const;
    await server.client.patch(core("configmaps"), "ring-a", patch);
    await remove("ring-a", "Foreground");
    await waitUntilGone(place("ring-a"));
    await waitUntilGone(place("ring-b"));
  });
});

describe("a namespace", () => {
  it("gets its default account and the server's CA", async () => {
    await makeNamespace("fresh");
    await waitFor("the account", () =>
      findObject({
        client: server.client,
        path: core("serviceaccounts", "fresh"),
        name: "default",
      }),
    );
    const ca = await waitFor("the CA", () => findObject(place("kube-root-ca.crt", "fresh")));
    deepEqual(ca["data"], { "ca.crt": server.api.pki.ca });
  });

  it("gets them again when somebody deletes or changes them", async () => {
    await makeNamespace("again");
    await waitFor("the CA", () => findObject(place("kube-root-ca.crt", "again")));
    const patch = { type: "merge", body: { data: { "ca.crt": "forged" } } } as const;
    await server.client.patch(core("configmaps", "again"), "kube-root-ca.crt", patch);
    await waitForObject(place("kube-root-ca.crt", "again"), ({ data }) => data, {
      "ca.crt": server.api.pki.ca,
    });
    const accounts = core("serviceaccounts", "again");
    const account = { client: server.client, path: accounts, name: "default" };
    const first = await waitFor("the account", () => findObject(account));
    await server.client.delete(accounts, "default");
    await waitFor("another account", async () => {
      const found = await findObject(account);
      return found && found.metadata.uid !== first.metadata.uid ? found : undefined;
    });
  });

  it("is emptied before it goes, and says what is left in the meantime", async () => {
    await makeNamespace("leaving");
    await configMap("plain", { namespace: "leaving" });
    await configMap("held", { namespace: "leaving", finalizers: ["test.io/hold"] });
    await server.client.delete(namespaces, "leaving");
    const leaving = { client: server.client, path: namespaces, name: "leaving" };
    await waitForObject(leaving, remainingFinalizers, [
      "True",
      "SomeFinalizersRemain",
      "Some content in the namespace has finalizers remaining: test.io/hold in 1 resource instances",
    ]);
    equal(await findObject(place("plain", "leaving")), undefined);
    await release("held", "leaving");
    await waitUntilGone(leaving);
    equal(await findObject(place("held", "leaving")), undefined);
  });

  it("stays while it has a finalizer of its own, though it is empty", async () => {
    await makeNamespace("kept", ["test.io/hold"]);
    await server.client.delete(namespaces, "kept");
    const kept = { client: server.client, path: namespaces, name: "kept" };
    await waitForObject(
      kept,
      ({ spec }) => (spec as { readonly finalizers?: unknown }).finalizers ?? [],
      [],
    );
    const patch = { type: "merge", body: { metadata: { finalizers: null } } } as const;
    await server.client.patch(namespaces, "kept", patch);
    await waitUntilGone(kept);
  });
});

describe("an aggregated cluster role", () => {
  it("holds the rules of all roles that its selectors choose, as they come and go", async () => {
    const role = (name: string, more: object): KubernetesObject => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name },
      ...more,
    });
    const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
    const part = (name: string, resource: string): KubernetesObject => ({
      ...role(name, { rules: [rule(resource)] }),
      metadata: { name, labels: { sum: "yes" } },
    });
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { sum: "yes" } }] };
    await server.client.create(clusterRoles, part("part-b", "pods"));
    await server.client.create(clusterRoles, role("sum", { aggregationRule }));
    const sum = { client: server.client, path: clusterRoles, name: "sum" };
    await waitForObject(sum, ({ rules }) => rules, [rule("pods")]);
    await server.client.create(clusterRoles, part("part-a", "nodes"));
    await waitForObject(sum, ({ rules }) => rules, [rule("nodes"), rule("pods")]);
    await server.client.delete(clusterRoles, "part-b");
    await waitForObject(sum, ({ rules }) => rules, [rule("nodes")]);
  });
});

async function release(name: string, namespace?: string): Promise<void> {
  const body = [{ op: "remove", path: "/metadata/finalizers" }];
  await server.client.patch(core("configmaps", namespace), name, { type: "json", body });
}

const isDeleting = ({ metadata }: KubernetesObject): boolean =>
  metadata.deletionTimestamp !== undefined;

const ownerNames = ({ metadata }: KubernetesObject): readonly string[] =>
  (metadata.ownerReferences ?? []).map(({ name }) => name);

function remainingFinalizers({ status }: KubernetesObject): readonly string[] {
  const { conditions = [] } = status as {
    readonly conditions?: readonly Readonly<Record<string, string>>[];
  };
  const found = conditions.find(({ type }) => type === "NamespaceFinalizersRemaining");
  return [found?.["status"] ?? "", found?.["reason"] ?? "", found?.["message"] ?? ""];
}
