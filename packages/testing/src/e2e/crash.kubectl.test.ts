import { deepEqual, equal, ok } from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { countVerbs, findWrites } from "./audit-log.ts";
import { FederationFixture } from "./federation-fixture.ts";
import { cellNamespace, cells, federatedConfigMap, namespace } from "./tenant.ts";
import { topologyRows } from "./topology-rows.ts";
import { waitFor } from "./wait-for.ts";

const plural = "federatedconfigmaps";
const count = 500;
const inParallel = 16;
/** One cell of each member. */
const bulkCells = ["rz00a", "rz00b"] as const;
const names = Array.from({ length: count }, (_, at) => `bulk-${String(at).padStart(3, "0")}`);

const federatedConfigMaps: ResourcePath = {
  group: "types.kubefed.io",
  version: "v1beta2",
  resource: plural,
  namespace,
};
const propagatedVersions: ResourcePath = {
  group: "core.kubefed.io",
  version: "v1alpha1",
  resource: "propagatedversions",
  namespace,
};

describe("a control plane that is killed in the middle of a release", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
  });
  after(() => fixture[Symbol.asyncDispose]());

  /** Waits until every object is at a revision in both cells. */
  const waitForAll = (row: string): Promise<true> => {
    const expected = JSON.stringify(Object.fromEntries(bulkCells.map((cell) => [cell, row])));
    return waitFor(`${count} objects to be at revision ${row}`, async () => {
      const { items } = await fixture.controlPlane.client.list(federatedConfigMaps);
      const done = items.filter((item) => JSON.stringify(topologyRows(item)) === expected);
      return done.length === count ? true : undefined;
    });
  };

  /** Changes all objects; returns the names of those whose change was acknowledged. */
  const changeAll = async (value: string): Promise<ReadonlySet<string>> => {
    const acknowledged = new Set<string>();
    const body = { spec: { template: { data: { value } } } };
    await inBatches(names, async (name) => {
      const { client } = fixture.controlPlane;
      await client.patch(federatedConfigMaps, name, { type: "merge", body });
      acknowledged.add(name);
    });
    return acknowledged;
  };

  const countUpdates = async (): Promise<number> => {
    const events = await Promise.all(bulkCells.map((cell) => fixture.writesIn(cell, "configmaps")));
    return events.reduce((sum, each) => sum + (countVerbs(each)["update"] ?? 0), 0);
  };

  it("loses nothing and does nothing twice", async () => {
    const { client } = fixture.controlPlane;
    const objects = names.map((name) => federatedConfigMap(name, "one", { cells: [...bulkCells] }));
    await inBatches(objects, (object) => client.create(federatedConfigMaps, object));
    await waitForAll("1");

    const changing = changeAll("two");
    const third = Math.floor((count * bulkCells.length) / 3);
    await waitFor("a third of the updates", async () =>
      (await countUpdates()) >= third ? true : undefined,
    );
    await fixture.controlPlane.crash();
    const acknowledged = await changing;
    const before = await countUpdates();
    ok(before < count * bulkCells.length, `${before} updates were made before the crash`);
    await fixture.controlPlane.restart();

    // What was acknowledged is released without being asked for again; the rest is asked for again.
    await changeAll("two");
    await waitForAll("2");
    ok(acknowledged.size > 0);
    await checkMembers();
    await checkLedger();
  });

  const checkMembers = async (): Promise<void> => {
    for (const cell of bulkCells) {
      const events = await fixture.memberOf(cell).audit();
      const byName = Map.groupBy(
        findWrites(events, { resource: "configmaps", namespace: cellNamespace(cell) }),
        // A create's path does not name the object; the event does.
        ({ objectRef }) => objectRef?.name ?? "",
      );
      for (const name of names) {
        deepEqual(
          countVerbs(byName.get(name) ?? []),
          { create: 1, update: 1 },
          `${name} in ${cell}`,
        );
      }
    }
  };

  const checkLedger = async (): Promise<void> => {
    const { items } = await fixture.controlPlane.client.list(propagatedVersions);
    const ledgers = new Map(items.map((item) => [item.metadata.name, item]));
    for (const cell of bulkCells) {
      const path = { group: "", version: "v1", resource: "configmaps" };
      const inMember = { ...path, namespace: cellNamespace(cell) };
      const live = await fixture.memberOf(cell).client.list(inMember);
      const byName = new Map(live.items.map((item) => [item.metadata.name, item]));
      for (const name of names) {
        const object = byName.get(name);
        deepEqual(object?.["data"], { value: "two" }, `${name} in ${cell}`);
        const entry = entryOf(ledgers.get(`configmap-${name}`), cell);
        equal(entry?.revision, 2, `${name} in ${cell}`);
        equal(
          entry.hash,
          object?.metadata.annotations?.["federation.cellplane.io/hash"],
          `${name} in ${cell}`,
        );
      }
    }
  };

  it("does not roll members back when it is restored from an older backup", async () => {
    const name = "restored";
    const all = (row: string): Readonly<Record<string, string>> =>
      Object.fromEntries(Object.keys(cells).map((cell) => [cell, row]));
    await fixture.kubectl.apply([federatedConfigMap(name, "one")]);
    await fixture.waitForRows(plural, name, all("1"));
    const { controlPlane } = fixture;
    const backup = `${controlPlane.dataDir}-backup`;
    await controlPlane.stop();
    await cp(controlPlane.dataDir, backup, { recursive: true });
    await controlPlane.restart();
    await fixture.kubectl.apply([federatedConfigMap(name, "two")]);
    await fixture.waitForRows(plural, name, all("2"));

    await controlPlane.crash();
    await rm(controlPlane.dataDir, { recursive: true });
    await cp(backup, controlPlane.dataDir, { recursive: true });
    await controlPlane.restart();
    await fixture.waitForRows(plural, name, all("2 AheadOfControlPlane"));
    for (const cell of Object.keys(cells)) {
      const { data } = await fixture.readInCell(cell, "configmaps", name);
      deepEqual(data, { value: "two" }, cell);
      const writes = await fixture.writesIn(cell, "configmaps", name);
      deepEqual(countVerbs(writes), { create: 1, update: 1 }, cell);
    }
  });
});

interface LedgerEntry {
  readonly clusterName: string;
  readonly revision?: number;
  readonly hash?: string;
}

function entryOf(ledger: KubernetesObject | undefined, cell: string): LedgerEntry | undefined {
  const status = ledger?.["status"] as
    | { readonly clusterVersions?: readonly LedgerEntry[] }
    | undefined;
  return status?.clusterVersions?.find(({ clusterName }) => clusterName === `${namespace}.${cell}`);
}

/** Does something with each item, a few at a time; what fails ends its worker, as the server is gone. */
async function inBatches<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const work = async (): Promise<void> => {
    for (const item of rest) await act(item);
  };
  await Promise.allSettled(Array.from({ length: inParallel }, work));
}
