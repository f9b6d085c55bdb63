import { deepEqual, equal, match, ok } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { countVerbs } from "./audit-log.ts";
import { clusterNames, FederationFixture, systemNamespace } from "./federation-fixture.ts";
import { cellNames, federatedConfigMap } from "./tenant.ts";
import { findObject, type ObjectPlace, waitForObject, waitUntilGone } from "./wait-for.ts";

const plain = "plain";
const all = (row: string): Readonly<Record<string, string>> =>
  Object.fromEntries(cellNames.map((name) => [name, row]));

/** A federated object as a KubeFed client writes it. */
function byCluster(kind: string, name: string, spec: object): object {
  const apiVersion = "types.kubefed.io/v1beta1";
  return { apiVersion, kind: `Federated${kind}`, metadata: { name, namespace: plain }, spec };
}
const everywhere = { placement: { clusters: clusterNames.map((name) => ({ name })) } };

describe("what leaves members, and what stays", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: plain } };
    await fixture.kubectl.apply([namespace]);
  });
  after(() => fixture[Symbol.asyncDispose]());

  const inMember = (cluster: string, resource: string, name: string): ObjectPlace => ({
    client: fixture.member(cluster).client,
    path: {
      group: "",
      version: "v1",
      resource,
      ...(resource === "namespaces" ? {} : { namespace: plain }),
    },
    name,
  });
  const seenByKubeFed = (plural: string, name: string): ObjectPlace => ({
    client: fixture.controlPlane.client,
    path: { group: "types.kubefed.io", version: "v1beta1", resource: plural, namespace: plain },
    name,
  });
  const propagation = ({ status }: KubernetesObject): unknown => {
    const conditions = isJsonObject(status) ? status["conditions"] : undefined;
    const list = Array.isArray(conditions) ? conditions.filter(isJsonObject) : [];
    const found = list.find((condition) => condition["type"] === "Propagation");
    return found && [found["status"], found["reason"]];
  };

  it("spreads by cluster only where the namespace is federated, and withdraws with it", async () => {
    const settings = { ...everywhere, template: { data: { value: "1" } } };
    await fixture.kubectl.apply([byCluster("ConfigMap", "settings", settings)]);
    const place = seenByKubeFed("federatedconfigmaps", "settings");
    await waitForObject(place, propagation, ["False", "NamespaceNotFederated"]);
    equal(await findObject(inMember("hz-a", "namespaces", plain)), undefined);

    await fixture.kubectl.apply([byCluster("Namespace", plain, everywhere)]);
    await waitForObject(place, propagation, ["True", undefined]);
    for (const cluster of clusterNames) {
      ok(await findObject(inMember(cluster, "configmaps", "settings")), cluster);
    }

    // What stands in a namespace goes first, so the namespace never takes anything with it.
    await fixture.kubectl.apply([
      byCluster("Namespace", plain, { placement: { clusters: [{ name: "hz-a" }] } }),
    ]);
    await waitUntilGone(inMember("hz-b", "namespaces", plain));
    ok(await findObject(inMember("hz-a", "configmaps", "settings")));
    const writes = await fixture.member("hz-b").audit();
    const order = writes
      .filter(({ stage, verb, objectRef }) => {
        const isOne = objectRef?.name === "settings" || objectRef?.name === plain;
        return stage === "ResponseComplete" && verb === "delete" && isOne;
      })
      .map(({ objectRef }) => objectRef?.resource);
    deepEqual(order, ["configmaps", "namespaces"]);
  });

  it("deletes a federated namespace with all it holds", async () => {
    const args = ["-n", plain, "delete", "federatednamespace", plain, "--timeout=40s"];
    await fixture.kubectl.ok(args);
    equal(await findObject(inMember("hz-a", "namespaces", plain)), undefined);
    const place = seenByKubeFed("federatedconfigmaps", "settings");
    await waitForObject(place, propagation, ["False", "NamespaceNotFederated"]);
  });

  it("lets a deletion finish without what is abandoned, and clears that once it is back", async () => {
    await fixture.kubectl.apply([federatedConfigMap("left", "one")]);
    await fixture.waitForRows("federatedconfigmaps", "left", all("1"));
    fixture.member("hz-b").pause();
    await fixture.waitForCluster("hz-b", "NotReady");
    const left = ["-n", "bank-prod", "federatedconfigmap", "left"];
    const [, home = "", kind = "", name = ""] = left;
    await fixture.kubectl.ok(["-n", home, "delete", kind, name, "--wait=false"]);
    const why = ({ status }: KubernetesObject): boolean =>
      JSON.stringify(status).includes("waits for rz00b (cluster");
    await waitForObject(fixture.federated("federatedconfigmaps", "left"), why, true);
    const abandon = "federation.cellplane.io/abandon=rz00b,rz01b";
    await fixture.kubectl.ok(["-n", home, "annotate", kind, name, abandon]);
    await waitUntilGone(fixture.federated("federatedconfigmaps", "left"));
    const tombstones = await fixture.kubectl.ok(["-n", systemNamespace, "get", "tombstones"]);
    match(tombstones, /bank-prod\.rz00b/);

    fixture.member("hz-b").unpause();
    for (const cell of ["rz00b", "rz01b"]) {
      await waitUntilGone(fixture.inCell(cell, "configmaps", "left"));
      const verbs = countVerbs(await fixture.writesIn(cell, "configmaps", "left"));
      deepEqual(verbs, { create: 1, delete: 1 });
    }
    const path = { group: "cellplane.io", version: "v1alpha1", resource: "tombstones" };
    const { client } = fixture.controlPlane;
    for (const { metadata } of (await client.list(path)).items) {
      const namespace = metadata.namespace ?? "";
      await waitUntilGone({ client, path: { ...path, namespace }, name: metadata.name ?? "" });
    }
  });

  it("stops fighting over a field that something in the member keeps changing back", async () => {
    await fixture.kubectl.apply([federatedConfigMap("contested", "ours", { cells: ["rz00a"] })]);
    await fixture.waitForRows("federatedconfigmaps", "contested", { rz00a: "1" });
    const patch = ["patch", "configmap", "contested", "--type=merge", "-p"];
    const row = fixture.waitForRows("federatedconfigmaps", "contested", {
      rz00a: "1 FieldConflict",
    });
    const contest = { isOver: false };
    const stopped = row.then((object) => {
      contest.isOver = true;
      return object;
    });
    while (!contest.isOver) {
      await fixture.inCellOk("rz00a", [...patch, '{"data":{"value":"theirs"}}']);
    }
    match(JSON.stringify((await stopped)["status"]), /keeps changing \/data\/value/);

    // Another rendering is another matter.
    await fixture.kubectl.apply([federatedConfigMap("contested", "new", { cells: ["rz00a"] })]);
    await fixture.waitForRows("federatedconfigmaps", "contested", { rz00a: "2" });
  });
});
