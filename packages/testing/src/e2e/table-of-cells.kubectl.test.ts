import { deepEqual, equal, match } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { countVerbs } from "./audit-log.ts";
import { FederationFixture } from "./federation-fixture.ts";
import { cellNames, federatedConfigMap, type FederatedFields } from "./tenant.ts";
import { waitForObject, waitUntilGone } from "./wait-for.ts";

const plural = "federatedconfigmaps";
const all = (row: string): Readonly<Record<string, string>> =>
  Object.fromEntries(cellNames.map((name) => [name, row]));
const valueOf = ({ data }: KubernetesObject): unknown =>
  (data as { readonly value?: string } | undefined)?.value;

describe("what happens in one topology, through kubectl and two members", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
    // The namespaces of the cells come with the first object.
    await release("seed", "one");
    await fixture.waitForRows(plural, "seed", all("1"));
  });
  after(() => fixture[Symbol.asyncDispose]());

  const release = async (
    name: string,
    value: string,
    fields: Omit<FederatedFields, "template"> = {},
  ): Promise<void> => {
    await fixture.kubectl.apply([federatedConfigMap(name, value, fields)]);
  };
  const readValue = async (cell: string, name: string): Promise<unknown> =>
    valueOf(await fixture.readInCell(cell, "configmaps", name));
  const verbsIn = async (cell: string, name: string): Promise<Readonly<Record<string, number>>> =>
    countVerbs(await fixture.writesIn(cell, "configmaps", name));
  const versionIn = async (cell: string, name: string): Promise<unknown> =>
    (await fixture.readInCell(cell, "configmaps", name)).metadata.resourceVersion;

  it("creates and updates where an object is placed and unmasked", async () => {
    await release("plain", "one");
    await fixture.waitForRows(plural, "plain", all("1"));
    await release("plain", "two");
    await fixture.waitForRows(plural, "plain", all("2"));
    for (const cell of cellNames) {
      equal(await readValue(cell, "plain"), "two");
      deepEqual(await verbsIn(cell, "plain"), { create: 1, update: 1 });
    }
  });

  it("leaves what was there before alone, and adopts it once that is enabled", async () => {
    await fixture.inCellOk("rz00a", ["create", "configmap", "legacy", "--from-literal=value=old"]);
    await fixture.configure({ syncController: { adoptResources: "Disabled" } });
    await release("legacy", "new");
    await fixture.waitForRows(plural, "legacy", { ...all("1"), rz00a: "AlreadyExists" });
    equal(await readValue("rz00a", "legacy"), "old");
    deepEqual(await verbsIn("rz00a", "legacy"), {});
    await fixture.configure({ syncController: { adoptResources: "Enabled" } });
    await fixture.waitForRows(plural, "legacy", all("1"));
    equal(await readValue("rz00a", "legacy"), "new");
    deepEqual(await verbsIn("rz00a", "legacy"), { update: 1 });
  });

  it("never touches what another control plane owns, and names the owner", async () => {
    const source = "other-plane/FederatedConfigMap/other/theirs/hz-z";
    const theirs = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "owned",
        labels: { "kubefed.io/managed": "true" },
        annotations: {
          "federation.cellplane.io/source": source,
          "federation.cellplane.io/uid": "11111111-1111-1111-1111-111111111111",
          "federation.cellplane.io/generation": "1",
          "federation.cellplane.io/revision": "1",
          "federation.cellplane.io/hash": "none",
        },
      },
      data: { value: "theirs" },
    };
    await fixture.inCellOk("rz00b", ["create", "-f", "-"], JSON.stringify(theirs));
    await release("owned", "ours");
    const object = await fixture.waitForRows(plural, "owned", {
      ...all("1"),
      rz00b: "AlreadyOwned",
    });
    match(JSON.stringify(object["status"]), /FederatedConfigMap .*other\/theirs.*other-plane/);
    equal(await readValue("rz00b", "owned"), "theirs");
    deepEqual(await verbsIn("rz00b", "owned"), {});
  });

  it("holds what is placed and masked, and says how far behind it is", async () => {
    await release("held", "one");
    await fixture.waitForRows(plural, "held", all("1"));
    await release("held", "two", { mask: ["rz00a"] });
    await fixture.waitForRows(plural, "held", { ...all("1 Held behind 1"), rz00a: "2" });
    await release("held", "three", { mask: ["rz00a", "rz00b"] });
    const rows = { ...all("1 Held behind 2"), rz00a: "3", rz00b: "3" };
    await fixture.waitForRows(plural, "held", rows);
    deepEqual(await verbsIn("rz01a", "held"), { create: 1 });
  });

  it("reports drift outside the mask under Freeze, and does not write", async () => {
    await release("frozen", "one");
    await fixture.waitForRows(plural, "frozen", all("1"));
    await release("frozen", "one", { mask: ["rz00a"] });
    await fixture.waitForRows(plural, "frozen", all("1"));
    const patch = ["--type", "merge", "-p", '{"data":{"value":"by hand"}}'];
    await fixture.inCellOk("rz01a", ["patch", "configmap", "frozen", ...patch]);
    await fixture.inCellOk("rz00b", ["delete", "configmap", "frozen"]);
    const drifted = "1 Held drifted";
    const rows = { ...all("1"), rz01a: drifted, rz00b: drifted };
    await fixture.waitForRows(plural, "frozen", rows);
    equal(await readValue("rz01a", "frozen"), "by hand");
    deepEqual(await verbsIn("rz01a", "frozen"), { create: 1 });
    deepEqual(await verbsIn("rz00b", "frozen"), { create: 1 });
  });

  it("repairs drift outside the mask under Pin, to what the ledger knows", async () => {
    await release("pinned", "one");
    await fixture.waitForRows(plural, "pinned", all("1"));
    const placementMask = { topologies: [{ name: "rz00a" }], heldPolicy: "Pin" };
    await release("pinned", "two", { spec: { placementMask } });
    const held = { ...all("1 Held behind 1"), rz00a: "2" };
    await fixture.waitForRows(plural, "pinned", held);
    const patch = ["--type", "merge", "-p", '{"data":{"value":"by hand"}}'];
    await fixture.inCellOk("rz01a", ["patch", "configmap", "pinned", ...patch]);
    await fixture.inCellOk("rz00b", ["delete", "configmap", "pinned"]);
    await waitForObject(fixture.inCell("rz01a", "configmaps", "pinned"), valueOf, "one");
    await waitForObject(fixture.inCell("rz00b", "configmaps", "pinned"), valueOf, "one");
    await fixture.waitForRows(plural, "pinned", held);
    deepEqual(await verbsIn("rz01a", "pinned"), { create: 1, update: 1 });
    deepEqual(await verbsIn("rz00b", "pinned"), { create: 2 });
    deepEqual(await verbsIn("rz01b", "pinned"), { create: 1 });
  });

  it("creates nothing outside the mask", async () => {
    await release("unreleased", "one", { mask: ["rz00a"] });
    await fixture.waitForRows(plural, "unreleased", { ...all("NotReleased"), rz00a: "1" });
    deepEqual(await verbsIn("rz01a", "unreleased"), {});
    await release("unreleased", "one");
    await fixture.waitForRows(plural, "unreleased", all("1"));
  });

  it("deletes in the mask what left placement, and waits until it is gone", async () => {
    await release("withdrawn", "one");
    await fixture.waitForRows(plural, "withdrawn", all("1"));
    const setFinalizers = (finalizers: readonly string[]): Promise<string> => {
      const patch = JSON.stringify({ metadata: { finalizers } });
      return fixture.inCellOk("rz01a", ["patch", "cm", "withdrawn", "--type=merge", "-p", patch]);
    };
    await setFinalizers(["example.com/slow"]);
    const cells = ["rz00a", "rz00b", "rz01b"];
    await release("withdrawn", "one", { cells, mask: ["rz01a"] });
    const left = { rz00a: "1", rz00b: "1", rz01b: "1" };
    const waiting = { ...left, rz01a: "1 WaitingForRemoval" };
    await fixture.waitForRows(plural, "withdrawn", waiting);
    await setFinalizers([]);
    await fixture.waitForRows(plural, "withdrawn", left);
    await waitUntilGone(fixture.inCell("rz01a", "configmaps", "withdrawn"));
    deepEqual(await verbsIn("rz01a", "withdrawn"), { create: 1, delete: 1 });
  });

  it("leaves outside the mask what left placement", async () => {
    await release("pending", "one");
    await fixture.waitForRows(plural, "pending", all("1"));
    const cells = ["rz00a", "rz00b", "rz01b"];
    await release("pending", "two", { cells, mask: ["rz00a"] });
    await fixture.waitForRows(plural, "pending", {
      rz00a: "2",
      rz00b: "1 Held behind 1",
      rz01b: "1 Held behind 1",
      rz01a: "1 PendingRemoval",
    });
    equal(await readValue("rz01a", "pending"), "one");
    deepEqual(await verbsIn("rz01a", "pending"), { create: 1 });
  });

  it("goes on in the other cells while a member cannot be reached", async () => {
    await release("split", "one");
    await release("split-held", "one");
    await fixture.waitForRows(plural, "split", all("1"));
    await fixture.waitForRows(plural, "split-held", all("1"));
    const member = fixture.member("hz-b");
    member.pause();
    try {
      await fixture.waitForCluster("hz-b", "NotReady");
      await release("split", "two");
      await release("split-held", "two", { mask: ["rz00a", "rz01a"] });
      const lost = "1 ClusterNotReady behind 1";
      const rows = { rz00a: "2", rz01a: "2", rz00b: lost, rz01b: lost };
      const object = await fixture.waitForRows(plural, "split", rows);
      match(JSON.stringify(object["status"]), /last known at revision 1 since \d{4}-/);
      await fixture.waitForRows(plural, "split-held", rows);
    } finally {
      member.unpause();
    }
    await fixture.waitForRows(plural, "split", all("2"));
    const held = "1 Held behind 1";
    const heldRows = { rz00a: "2", rz01a: "2", rz00b: held, rz01b: held };
    await fixture.waitForRows(plural, "split-held", heldRows);
    deepEqual(await verbsIn("rz00b", "split-held"), { create: 1 });
    deepEqual(await verbsIn("rz01b", "split-held"), { create: 1 });
  });

  it("does not write over what a later generation wrote", async () => {
    await release("ahead", "one");
    await fixture.waitForRows(plural, "ahead", all("1"));
    const later = "federation.cellplane.io/generation=1000";
    await fixture.inCellOk("rz01b", ["annotate", "--overwrite", "cm", "ahead", later]);
    await release("ahead", "two");
    await fixture.waitForRows(plural, "ahead", { ...all("2"), rz01b: "1 AheadOfControlPlane" });
    const version = await versionIn("rz01b", "ahead");
    await release("ahead", "three");
    await fixture.waitForRows(plural, "ahead", { ...all("3"), rz01b: "1 AheadOfControlPlane" });
    equal(await versionIn("rz01b", "ahead"), version);
    equal(await readValue("rz01b", "ahead"), "one");
  });

  it("deletes nothing where a topology is not known", async () => {
    const cells = [...cellNames, "rz99z"];
    await release("unknown", "one", { cells });
    await fixture.waitForRows(plural, "unknown", { ...all("1"), rz99z: "TopologyNotFound" });
    // Another tenant's cell is told in the same words.
    const other = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "shop-prod",
        labels: { "cellplane.io/tenant": "shop", "cellplane.io/workspace-group": "prod" },
      },
    };
    const theirs = {
      apiVersion: "cellplane.io/v1alpha1",
      kind: "Cell",
      metadata: { name: "rz99z", namespace: "shop-prod" },
      spec: { clusterRef: { name: "hz-a" } },
    };
    await fixture.kubectl.apply([other, theirs]);
    await release("unknown", "two", { cells });
    await fixture.waitForRows(plural, "unknown", { ...all("2"), rz99z: "TopologyNotFound" });
  });

  it("removes a deleted object everywhere, whatever the mask", async () => {
    await release("goodbye", "one");
    await fixture.waitForRows(plural, "goodbye", all("1"));
    await release("goodbye", "one", { mask: ["rz00a"] });
    await fixture.kubectl.ok(["-n", "bank-prod", "delete", "fcm", "goodbye", "--timeout=40s"]);
    for (const cell of cellNames) {
      deepEqual(await verbsIn(cell, "goodbye"), { create: 1, delete: 1 });
    }
  });
});
