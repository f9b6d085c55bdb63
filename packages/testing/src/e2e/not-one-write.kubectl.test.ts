import { deepEqual, equal, notEqual } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { countVerbs } from "./audit-log.ts";
import { FederationFixture } from "./federation-fixture.ts";
import { cellNames, federatedConfigMap, federatedDeployment } from "./tenant.ts";

describe("a placement mask in a running federation", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
  });
  after(() => fixture[Symbol.asyncDispose]());

  const all = (row: string): Readonly<Record<string, string>> =>
    Object.fromEntries(cellNames.map((name) => [name, row]));

  it("lets not one write through to a cell that it does not name", async () => {
    await fixture.kubectl.apply([
      federatedConfigMap("settings", "one"),
      federatedDeployment("txnflow", "txnflow:1.0"),
    ]);
    await fixture.waitForRows("federatedconfigmaps", "settings", all("1"));
    await fixture.waitForRows("federateddeployments", "txnflow", all("1"));
    const before = await Promise.all(
      cellNames.map((cell) => fixture.readInCell(cell, "deployments", "txnflow")),
    );
    const settingsBefore = await Promise.all(
      cellNames.map((cell) => fixture.readInCell(cell, "configmaps", "settings")),
    );

    await fixture.kubectl.apply([
      federatedConfigMap("settings", "two", { mask: ["rz00a"] }),
      federatedDeployment("txnflow", "txnflow:1.1", { mask: ["rz00a"] }),
    ]);
    const held = { ...all("1 Held behind 1"), rz00a: "2" };
    await fixture.waitForRows("federatedconfigmaps", "settings", held);
    await fixture.waitForRows("federateddeployments", "txnflow", held);

    for (const [at, cell] of cellNames.entries()) {
      const isReleased = cell === "rz00a";
      const deployment = await fixture.readInCell(cell, "deployments", "txnflow");
      equal(deployment.metadata.generation, isReleased ? 2 : 1, cell);
      equal(before[at]?.metadata.generation, 1, cell);
      const settings = await fixture.readInCell(cell, "configmaps", "settings");
      const compare = isReleased ? notEqual : equal;
      compare(
        settings.metadata.resourceVersion,
        settingsBefore[at]?.metadata.resourceVersion,
        cell,
      );
      const verbs = isReleased ? { create: 1, update: 1 } : { create: 1 };
      for (const [resource, name] of [
        ["configmaps", "settings"],
        ["deployments", "txnflow"],
      ] as const) {
        const writes = await fixture.writesIn(cell, resource, name);
        deepEqual(countVerbs(writes), verbs, `${resource} in ${cell}`);
        equal(
          writes.length,
          isReleased ? 2 : 1,
          `${resource} in ${cell}: refused writes count, too`,
        );
      }
    }
  });
});
