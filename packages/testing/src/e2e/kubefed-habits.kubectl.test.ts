import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { isJsonObject, parseYaml } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { countVerbs, findWrites } from "./audit-log.ts";
import { clusterNames, FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { type ProgramResult, runCellplane } from "./run-program.ts";
import { findObject, waitFor, waitForObject, waitUntilGone } from "./wait-for.ts";
import { widgetsCrd } from "./widgets-crd.ts";

const configMaps: ResourcePath = { group: "", version: "v1", resource: "configmaps" };

describe("the command line, as kubefedctl's users know it", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
    const settings = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "shop", labels: { app: "shop" } },
      data: { colour: "blue" },
    };
    await fixture.kubectl.apply([namespace, settings]);
    for (const name of clusterNames) {
      await fixture.kubectlAt(fixture.member(name)).apply([widgetsCrd]);
    }
  });
  after(() => fixture[Symbol.asyncDispose]());

  const cellplane = (...args: readonly string[]): Promise<ProgramResult> =>
    runCellplane([...args, "--kubeconfig", fixture.controlPlane.kubeconfig]);
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cellplane(...args);
    equal(code, 0, `cellplane ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await cellplane(...args);
    equal(code, 1, `cellplane ${args.join(" ")}: ${stderr}`);
    return stderr;
  };
  const inMember = (cluster: string, path: ResourcePath, name: string) => ({
    client: fixture.member(cluster).client,
    path,
    name,
  });
  const shopSettings = (cluster: string) =>
    inMember(cluster, { ...configMaps, namespace: "shop" }, "settings");

  it("federates a namespace with its contents, but not what each cluster makes itself", async () => {
    const printed = await ok("federate", "ns", "shop", "--contents", "-o", "name");
    deepEqual(printed.trim().split("\n"), [
      "federatednamespace.types.kubefed.io/shop",
      "federatedconfigmap.types.kubefed.io/settings",
    ]);
    const created = await ok("federate", "ns", "shop", "--contents");
    match(created, /federatedconfigmap\.types\.kubefed\.io\/settings in namespace shop created/);
    for (const cluster of clusterNames) {
      await waitForObject(shopSettings(cluster), ({ data }) => data, { colour: "blue" });
    }
  });

  it("refuses to federate again, and gives a new template where asked to", async () => {
    match(
      await refused("federate", "cm", "settings", "-n", "shop"),
      /already federatedconfigmap\.types\.kubefed\.io\/settings in namespace shop; nothing was changed/,
    );
    const data = JSON.stringify({ data: { colour: "red" } });
    await fixture.kubectl.ok(["-n", "shop", "patch", "cm", "settings", "--type=merge", "-p", data]);
    const out = await ok("federate", "cm", "settings", "-n", "shop", "--overwrite");
    match(out, /settings in namespace shop updated/);
    for (const cluster of clusterNames) {
      await waitForObject(shopSettings(cluster), (found) => found["data"], { colour: "red" });
    }
  });

  it("says how to federate what is not enabled, and what does not exist", async () => {
    match(
      await refused("federate", "widget", "gear", "-n", "default", "--from-member", "hz-a"),
      /may read only what was enabled when it joined; .*--member-kubeconfig/s,
    );
    match(
      await refused("federate", "endpointslice", "x", "-n", "shop", "--contents"),
      /--contents is for namespaces/,
    );
    match(await refused("federate", "cm"), /a type and a name, or a manifest/);
    match(await refused("federate", "gadget", "x"), /serves no such resource/);
  });

  it("prints what a manifest becomes, without a server", async () => {
    const file = join(fixture.folder, "manifest.yaml");
    const manifest =
      "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec:\n  clusterIP: 10.0.0.1\n  ports: [{port: 80, nodePort: 30000}]\n";
    await writeFile(file, manifest);
    const { code, stdout } = await runCellplane(["federate", "-f", file]);
    equal(code, 0);
    const object = parseYaml(stdout);
    deepEqual(isJsonObject(object) && object["spec"], {
      template: { spec: { ports: [{ port: 80 }] } },
      placement: { clusterSelector: { matchLabels: {} } },
    });
  });

  it("takes a member's object into a tenant's namespace, and writes nothing while held", async () => {
    const cell = "rz00a";
    const deployment = ["create", "deployment", "web", "--image=web:1"];
    await fixture.kubectlAt(fixture.memberOf(cell)).ok(["create", "namespace", "before-web"]);
    await fixture.kubectlAt(fixture.memberOf(cell)).ok(["-n", "before-web", ...deployment]);
    const from = ["-n", "before-web", "--from-member", "hz-a", "--into", "bank-prod"];
    await ok("federate", "deploy", "web", ...from, "--hold");
    const rows = Object.fromEntries(
      ["rz00a", "rz01a", "rz00b", "rz01b"].map((name) => [name, "NotReleased"]),
    );
    await fixture.waitForRows("federateddeployments", "web", rows);
    for (const name of Object.keys(rows)) {
      deepEqual(await fixture.writesIn(name, "deployments"), []);
    }
  });

  it("keeps the members' copies of an object whose deletion orphans", async () => {
    equal(await ok("orphaning", "status", "cm", "settings", "-n", "shop"), "Disabled\n");
    await ok("orphaning-deletion", "enable", "federatedconfigmaps", "settings", "-n", "shop");
    equal(await ok("orphaning", "status", "fcm", "settings", "-n", "shop"), "Enabled\n");
    await fixture.kubectl.ok(["-n", "shop", "delete", "fcm", "settings"]);
    for (const cluster of clusterNames) {
      await waitForObject(
        shopSettings(cluster),
        ({ metadata }) => metadata.labels?.["kubefed.io/managed"],
        undefined,
      );
    }
    match(await refused("orphaning", "disable", "cm", "settings", "-n", "shop"), /not found/);
    match(await refused("orphaning", "status", "gadgets", "x"), /no such type is federated/);
  });

  it("enables by directive, federates with the type, and disables without a hanging finalizer", async () => {
    const directive = join(fixture.folder, "directive.yaml");
    await writeFile(
      directive,
      "apiVersion: core.kubefed.io/v1beta1\nkind: EnableTypeDirective\nmetadata: {name: widgets.example.com}\n",
    );
    match(await ok("enable", "-f", directive, "--dry-run"), /created .*\(dry run\)/);
    equal((await cellplane("disable", "widgets.example.com")).code, 1);
    match(await ok("enable", "-f", directive), /federatedtypeconfig.* created in namespace/);
    match(await ok("enable", "-f", directive), /federatedtypeconfig.* unchanged in namespace/);
    await Promise.all(clusterNames.map((name) => fixture.join(name)));

    const widget = {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: { name: "gear", namespace: "shop" },
      spec: { size: 3 },
    };
    await fixture.kubectlAt(fixture.member("hz-a")).apply([widget]);
    await ok("federate", "widget", "gear", "-n", "shop", "--from-member", "hz-a", "--enable-type");
    const widgets = { group: "example.com", version: "v1", resource: "widgets", namespace: "shop" };
    await waitForObject(inMember("hz-b", widgets, "gear"), ({ spec }) => spec, { size: 3 });

    match(
      await refused("disable", "widgets.example.com"),
      /Cannot disable widgets\.example\.com as there are 1 FederatedWidget objects: shop\/gear\. .*--orphan/,
    );
    const out = await ok("disable", "widgets", "--orphan", "--delete-crd");
    match(out, /Let go of 1 federated objects/);
    match(out, /customresourcedefinition "federatedwidgets\.types\.kubefed\.io" deleted/);
    const crds = {
      group: "apiextensions.k8s.io",
      version: "v1",
      resource: "customresourcedefinitions",
    };
    const { client } = fixture.controlPlane;
    await waitUntilGone({ client, path: crds, name: "federatedwidgets.types.kubefed.io" });
    for (const cluster of clusterNames) {
      equal((await findObject(inMember(cluster, widgets, "gear")))?.metadata.name, "gear");
      const events = await fixture.member(cluster).audit();
      const writes = findWrites(events, { resource: "widgets", namespace: "shop" });
      equal(countVerbs(writes)["delete"], undefined);
    }
  });

  it("switches off a type that comes with the control plane, and keeps its types' config", async () => {
    match(
      await refused("disable", "cronjobs.batch", "--delete-crd"),
      /comes with the control plane/,
    );
    match(await ok("disable", "cj"), /stays, with propagation Disabled/);
    const get = ["-n", systemNamespace, "get", "ftc", "cronjobs.batch", "-o"];
    equal(await fixture.kubectl.ok([...get, "jsonpath={.spec.propagation}"]), "Disabled");
    await ok("enable", "cronjobs.batch");
    await waitFor("the type's controller to run", async () => {
      const state = await fixture.kubectl.ok([...get, "jsonpath={.status.propagationController}"]);
      return state === "Running" ? true : undefined;
    });
  });

  it("lets go of a member's workloads when it leaves, so that another federation may take them", async () => {
    const federatedSettings = {
      apiVersion: "types.kubefed.io/v1beta1",
      kind: "FederatedConfigMap",
      metadata: { name: "left-behind", namespace: "shop" },
      spec: {
        template: { data: { colour: "green" } },
        placement: { clusters: [{ name: "hz-a" }, { name: "hz-b" }] },
      },
    };
    await fixture.kubectl.apply([federatedSettings]);
    const left = inMember("hz-b", { ...configMaps, namespace: "shop" }, "left-behind");
    await waitForObject(left, ({ data }) => data, { colour: "green" });
    const { kubeconfig } = fixture.member("hz-b");
    const unjoin = ["unjoin", "hz-b", "--member-kubeconfig", kubeconfig, "--abandon"];
    match(await refused(...unjoin, "--release-workloads", "--remove-workloads"), /Cannot both/);
    const { code, stdout, stderr } = await cellplane(...unjoin, "--release-workloads");
    equal(code, 0, stderr);
    match(stdout, /"hz-b" is no longer joined; its workloads were let go of/);
    match(stderr, /the placement of FederatedConfigMap shop\/left-behind still names "hz-b"/);
    const { metadata, data } = (await findObject(left)) ?? { metadata: {} };
    deepEqual(
      [metadata.labels, metadata.annotations, data],
      [undefined, undefined, { colour: "green" }],
    );
    // Nothing stands there any more, so the object goes without being told to abandon it.
    await fixture.kubectl.ok(["-n", "shop", "delete", "fcm", "left-behind", "--timeout=40s"]);
    equal((await findObject(left))?.metadata.name, "left-behind");
  });
});
