import { deepEqual } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  defaultKubeFedConfig,
  type KubeFedConfig,
  type KubeFedConfigSpec,
} from "@cellplane/federation";
import { importSettings } from "./imported-settings.ts";

const bare = (spec: KubeFedConfigSpec): KubeFedConfig => ({ metadata: { name: "kubefed" }, spec });
const ours = defaultKubeFedConfig(bare({ scope: "Cluster" }));

describe("importSettings()", () => {
  it("takes nothing from a KubeFed that was left as it comes", () => {
    const theirs = bare({
      scope: "Cluster",
      syncController: { maxConcurrentReconciles: 1, adoptResources: "Enabled" },
      clusterHealthCheck: { period: "10s", failureThreshold: 3 },
      featureGates: [{ name: "RawResourceStatusCollection", configuration: "Disabled" }],
    });
    deepEqual(importSettings(theirs, ours), { patch: {}, lines: [] });
    deepEqual(importSettings(undefined, ours), { patch: {}, lines: [] });
  });

  it("takes what somebody chose", () => {
    const theirs = bare({
      scope: "Cluster",
      syncController: { maxConcurrentReconciles: 1, adoptResources: "Disabled" },
      clusterHealthCheck: { period: "30s", failureThreshold: 3 },
    });
    deepEqual(importSettings(theirs, ours), {
      patch: {
        clusterHealthCheck: { period: "30s" },
        syncController: { adoptResources: "Disabled" },
      },
      lines: ['clusterHealthCheck.period: "30s"', 'syncController.adoptResources: "Disabled"'],
    });
  });

  it("leaves what somebody has chosen here", () => {
    const theirs = bare({ scope: "Cluster", clusterHealthCheck: { period: "30s" } });
    const chosen = { ...ours, spec: { ...ours.spec, clusterHealthCheck: { period: "1s" } } };
    deepEqual(importSettings(theirs, chosen).patch, {});
  });

  it("keeps the other gates when it sets one", () => {
    const theirs = bare({
      scope: "Cluster",
      featureGates: [{ name: "SchedulerPreferences", configuration: "Disabled" }],
    });
    const { patch, lines } = importSettings(theirs, ours);
    const gates = patch["featureGates"] as readonly {
      readonly name: string;
      readonly configuration: string;
    }[];
    deepEqual(
      gates.filter(({ configuration }) => configuration === "Disabled").map(({ name }) => name),
      ["SchedulerPreferences"],
    );
    deepEqual(
      gates.length,
      new Set([...(ours.spec.featureGates ?? []).map(({ name }) => name), "SchedulerPreferences"])
        .size,
    );
    deepEqual(lines, ["featureGates.SchedulerPreferences: Disabled"]);
  });
});
