import { deepEqual, equal } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { enableType } from "../../../../apps/cli/src/types/enable-type.ts";

import { type ApiResource, createTypeConfig, federatedTypeCrd } from "@cellplane/federation";
import { namespace } from "../e2e/tenant.ts";
import { findObject, waitFor, waitForObject, waitUntilGone } from "../e2e/wait-for.ts";
import { Federation, memberName } from "./federation.suite.ts";
import { type RunningServer, startServer } from "./running-server.suite.ts";

const system = "kube-federation-system";
const target: ApiResource = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  pluralName: "widgets",
  scope: "Namespaced",
};
const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
const namespaces: ResourcePath = { group: "", version: "v1", resource: "namespaces" };
const federatedWidgets: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta1",
  resource: "federatedwidgets",
  namespace,
};
const core = (resource: string): ResourcePath => ({
  group: "core.kubefed.io",
  version: "v1beta1",
  resource,
  namespace: system,
});
const widgets = (version: string): ResourcePath => ({
  group: "example.com",
  version,
  resource: "widgets",
  namespace,
});

/** The CRD with each of these versions; the first is stored. */
function widgetsCrd(...versions: readonly string[]): KubernetesObject {
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: versions.map((name, index) => ({
        name,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema },
      })),
    },
  };
}

function versionsOf(spec: unknown): readonly JsonObject[] {
  const { versions = [] } = (spec ?? {}) as { readonly versions?: readonly JsonObject[] };
  return versions;
}

let federation: Federation;
let others: readonly RunningServer[] = [];
const memberOf = (name: string): RunningServer =>
  ({ [memberName]: federation.member, "hz-b": others[0], "hz-c": others[1] })[name] ??
  federation.member;

before(async () => {
  const [opened, ...started] = await Promise.all([
    Federation.open(),
    startServer("member"),
    startServer("member"),
  ]);
  federation = opened;
  others = started;
  const { client } = federation.controlPlane;
  await client.patch(core("kubefedconfigs"), "kubefed", {
    type: "merge",
    body: { spec: { clusterHealthCheck: { period: "1s", timeout: "2s" } } },
  });
  await federation.member.client.create(crds, widgetsCrd("v1"));
  await memberOf("hz-b").client.create(crds, widgetsCrd("v1beta1"));
  const config = createTypeConfig(target, {});
  await enableType(client, {
    config: { ...config, spec: { ...config.spec, targetVersions: ["v1beta1"] } },
    crd: federatedTypeCrd({ target }),
  });
  for (const name of [memberName, "hz-b", "hz-c"]) await federation.join(name, memberOf(name));
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await client.create(namespaces, home);
  await client.create(
    { ...federatedWidgets, resource: "federatednamespaces" },
    {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedNamespace",
      metadata: { name: namespace, namespace },
      spec: { placement: { clusterSelector: {} } },
    },
  );
});
after(async () => {
  await federation[Symbol.asyncDispose]();
  await Promise.all(others.map((server) => server[Symbol.asyncDispose]()));
});

const federated = (name: string): KubernetesObject => ({
  apiVersion: "types.kubefed.io/v1beta1",
  kind: "FederatedWidget",
  metadata: { name, namespace },
  spec: { template: { spec: { size: 1 } }, placement: { clusterSelector: {} } },
});

/** The cluster view's status of each member; empty where all is well. */
function statuses(object: KubernetesObject): unknown {
  const { clusters = [] } = (object["status"] ?? {}) as {
    readonly clusters?: readonly { readonly name: string; readonly status?: string }[];
  };
  return Object.fromEntries(clusters.map(({ name, status = "" }) => [name, status]));
}

const waitForStatuses = (name: string, expected: object): Promise<KubernetesObject> =>
  waitForObject(
    { client: federation.controlPlane.client, path: federatedWidgets, name },
    statuses,
    expected,
  );

const sizeIn = async (member: string, version: string, name: string): Promise<unknown> => {
  const place = { client: memberOf(member).client, path: widgets(version), name };
  const found = await waitFor(`${name} in ${member}`, () => findObject(place));
  return (found["spec"] as { readonly size?: number }).size;
};

describe("members of different versions", () => {
  it("get each their own; one that has none costs only itself", async () => {
    await federation.controlPlane.client.create(federatedWidgets, federated("w"));
    await waitForStatuses("w", { [memberName]: "", "hz-b": "", "hz-c": "VersionNotServed" });
    equal(await sizeIn(memberName, "v1", "w"), 1);
    equal(await sizeIn("hz-b", "v1beta1", "w"), 1);
  });

  it("get an object as soon as their CRD is there, without a restart", async () => {
    await memberOf("hz-c").client.create(crds, widgetsCrd("v1beta1"));
    await waitForStatuses("w", { [memberName]: "", "hz-b": "", "hz-c": "" });
    equal(await sizeIn("hz-c", "v1beta1", "w"), 1);
  });

  it("may leave one version for another", async () => {
    const { client } = memberOf("hz-b");
    const crd = await client.get(crds, "widgets.example.com");
    const { spec } = widgetsCrd("v1", "v1beta1");
    await client.update(crds, { ...crd, spec: spec ?? {} });
    // Whatever was stored in it, it is served no more.
    const [first = {}, second = {}] = versionsOf(spec);
    await client.patch(crds, "widgets.example.com", {
      type: "merge",
      body: { spec: { versions: [first, { ...second, served: false }] } },
    });
    const change = { spec: { template: { spec: { size: 2 } } } };
    await federation.controlPlane.client.patch(federatedWidgets, "w", {
      type: "merge",
      body: change,
    });
    await waitFor("the new size in v1", async () =>
      (await sizeIn("hz-b", "v1", "w")) === 2 ? true : undefined,
    );
    await waitForStatuses("w", { [memberName]: "", "hz-b": "", "hz-c": "" });
  });

  it("are written anew when the type's own version changes", async () => {
    const { client } = federation.controlPlane;
    const name = "widgets.example.com";
    const patched = await client.patch(core("federatedtypeconfigs"), name, {
      type: "merge",
      body: { spec: { targetType: { version: "v1beta1" }, targetVersions: ["v1"] } },
    });
    const place = { client, path: core("federatedtypeconfigs"), name };
    await waitForObject(
      place,
      ({ status }) => (status as { observedGeneration?: number } | undefined)?.observedGeneration,
      patched.metadata.generation,
    );
    const sent = federation.requests.length;
    await client.create(federatedWidgets, federated("later"));
    await waitForStatuses("later", { [memberName]: "", "hz-b": "", "hz-c": "" });
    const writes = federation.requests.slice(sent).filter((line) => line.startsWith("POST "));
    deepEqual(writes.map((line) => line.split("/")[3]).toSorted(), ["v1", "v1", "v1beta1"]);
  });

  it("let go of an object whose kind they have lost", async () => {
    await memberOf("hz-c").client.delete(crds, "widgets.example.com");
    await waitForStatuses("w", { [memberName]: "", "hz-b": "", "hz-c": "VersionNotServed" });
    await federation.controlPlane.client.delete(federatedWidgets, "w");
    const { client } = federation.controlPlane;
    await waitUntilGone({ client, path: federatedWidgets, name: "w" });
    await waitUntilGone({ client: federation.member.client, path: widgets("v1"), name: "w" });
  });
});
