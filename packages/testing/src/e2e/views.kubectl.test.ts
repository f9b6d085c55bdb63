import { deepEqual, equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FederationFixture } from "./federation-fixture.ts";
import type { KubectlName } from "./kubectl.ts";
import { cellNames, federatedConfigMap, federatedDeployment, namespace } from "./tenant.ts";

const inTenant = ["-n", namespace];

describe("kubectl and the kinds of the federation", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
    await fixture.kubectl.apply([federatedDeployment("txnflow", "txnflow:1.0")]);
    await fixture.waitForRows(
      "federateddeployments",
      "txnflow",
      Object.fromEntries(cellNames.map((name) => [name, "1"])),
    );
  });
  after(() => fixture[Symbol.asyncDispose]());

  it("shows one object in both views", async () => {
    const read = async (version: string): Promise<Readonly<Record<string, unknown>>> => {
      const resource = `federateddeployments.${version}.types.kubefed.io`;
      const object = await fixture.kubectl.get([...inTenant, resource, "txnflow"]);
      return (object as { readonly spec: Readonly<Record<string, unknown>> }).spec;
    };
    const byTopology = cellNames.map((name) => ({ name }));
    deepEqual((await read("v1beta2"))["placement"], { topologies: byTopology });
    const byCluster = cellNames.map((name) => ({ name: `${namespace}.${name}` }));
    deepEqual((await read("v1beta1"))["placement"], { clusters: byCluster });
  });

  it("shows how far a release is in columns", async () => {
    const mask = JSON.stringify({ spec: { placementMask: { topologies: [{ name: "rz00a" }] } } });
    await fixture.kubectl.ok([
      ...inTenant,
      "patch",
      "fdeploy",
      "txnflow",
      "--type=merge",
      "-p",
      mask,
    ]);
    const image = federatedDeployment("txnflow", "txnflow:1.1", { mask: ["rz00a", "rz01a"] });
    await fixture.kubectl.apply([image]);
    const held = "1 Held behind 1";
    const rows = { rz00a: "2", rz01a: "2", rz00b: held, rz01b: held };
    await fixture.waitForRows("federateddeployments", "txnflow", rows);
    const table = await fixture.kubectl.ok([...inTenant, "get", "fdeploy", "txnflow"]);
    match(table, /^NAME +TOPOLOGY +REVISION +RELEASED +STATE +AGE\n/);
    match(table, /\ntxnflow +cell +2 +2\/4 +Held +\d+s\n/);
  });

  it("can be edited, compared and waited for", async () => {
    const settings = federatedConfigMap("settings", "one");
    await fixture.kubectl.apply([settings], ["--server-side"]);
    const waiting = ["wait", "--for=condition=Propagation", "fcm/settings", "--timeout=30s"];
    await fixture.kubectl.ok([...inTenant, ...waiting]);
    const changed = { stdin: JSON.stringify(federatedConfigMap("settings", "two")) };
    const difference = await fixture.kubectl.run(["diff", "-f", "-"], changed);
    equal(difference.code, 1, difference.stderr);
    match(difference.stdout, /^\+ +value: two$/m);
    const editor = join(fixture.folder, "editor.sh");
    await writeFile(editor, '#!/bin/sh\nsed -i "s/value: one/value: three/" "$1"\n', {
      mode: 0o755,
    });
    const env = { KUBE_EDITOR: editor };
    match(await fixture.kubectl.ok([...inTenant, "edit", "fcm", "settings"], { env }), /edited/);
    const rows = Object.fromEntries(cellNames.map((name) => [name, "2"]));
    await fixture.waitForRows("federatedconfigmaps", "settings", rows);
    match(
      await fixture.kubectl.ok(["api-resources"]),
      /^cells .*cellplane\.io\/v1alpha1 +true +Cell$/m,
    );
  });

  for (const name of ["kubectl", "kubectl-old"] satisfies readonly KubectlName[]) {
    it(`can be applied, read, explained and deleted with ${name}`, async () => {
      const kubectl = fixture.kubectlAt(fixture.controlPlane, name);
      const object = `by-${name}`;
      await kubectl.apply([federatedConfigMap(object, "one")]);
      await kubectl.apply([federatedConfigMap(object, "two")]);
      match(await kubectl.ok([...inTenant, "get", "fcm", object]), /\nby-\S+ +cell +/);
      const systems = ["kubefedclusters,federatedtypeconfigs", "-n", "kube-federation-system"];
      match(await kubectl.ok(["get", ...systems]), /kubefedcluster\.core\.kubefed\.io\/hz-a /);
      match(await kubectl.ok([...inTenant, "get", "cells"]), /\nrz00a /);
      const field = "federatedconfigmaps.spec.placementMask";
      match(await kubectl.ok(["explain", field]), /heldPolicy/);
      match(await kubectl.ok(["explain", "cells.spec"]), /clusterRef/);
      await kubectl.ok([...inTenant, "delete", "fcm", object, "--timeout=40s"]);
    });
  }
});
