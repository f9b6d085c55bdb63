import { deepEqual, match } from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";
import { renderMetrics } from "@cellplane/metrics";
import { namespace } from "../e2e/tenant.ts";
import { waitFor } from "../e2e/wait-for.ts";
import { Federation, memberName } from "./federation.suite.ts";

const system = "kube-federation-system";
const inNamespace = (group: string, version: string, resource: string): ResourcePath => ({
  group,
  version,
  resource,
  namespace,
});
const cellsPath = inNamespace("cellplane.io", "v1alpha1", "cells");
const clusters: ResourcePath = {
  group: "core.kubefed.io",
  version: "v1beta1",
  resource: "kubefedclusters",
  namespace: system,
};

let federation: Federation;
before(async () => {
  federation = await Federation.open();
  await federation.join();
  await federation.makeCells();
});
after(() => federation[Symbol.asyncDispose]());

/** Waits for an event about a Cell; its type and message. */
const waitForEvent = (cell: string, reason: string): Promise<string> =>
  waitFor(`${reason} about ${cell}`, async () => {
    const { items } = await federation.controlPlane.client.list(inNamespace("", "v1", "events"), {
      fieldSelector: `involvedObject.name=${cell}`,
    });
    const found = items.find((each: KubernetesObject) => each["reason"] === reason);
    const { type, message } = (found ?? {}) as {
      readonly type?: string;
      readonly message?: string;
    };
    return found && `${type ?? ""}: ${message ?? ""}`;
  });

describe("the controller of Cells", () => {
  it("tells what became of a Cell", async () => {
    deepEqual(
      await waitForEvent("rz00a", "CellDerived"),
      `Normal: Made KubeFedCluster "${namespace}.rz00a" from "${memberName}"`,
    );
    await federation.controlPlane.client.delete(cellsPath, "rz00a");
    deepEqual(
      await waitForEvent("rz00a", "CellRemoved"),
      `Normal: Removed KubeFedCluster "${namespace}.rz00a"`,
    );
  });

  it("tells of one whose cluster is not there any more", async () => {
    const { client } = federation.controlPlane;
    const abandon = { metadata: { annotations: { "federation.cellplane.io/abandon": "true" } } };
    await client.patch(clusters, memberName, { type: "merge", body: abandon });
    await client.delete(clusters, memberName);
    deepEqual(
      await waitForEvent("rz01a", "CellRefused"),
      `Warning: KubeFedCluster "${memberName}" not found`,
    );
  });
});

describe("the metrics of controllers", () => {
  it("count those of cells, types and quotas, too", () => {
    const text = renderMetrics(federation.metrics.registry.collect());
    for (const name of ["cell", "type-config", "cluster"]) {
      const line = `controller_runtime_reconcile_total\\{controller="${name}",result="success"\\} [1-9]`;
      match(text, new RegExp(line));
    }
    match(text, /controller_runtime_max_concurrent_reconciles\{controller="quota"\} 1/);
  });
});
