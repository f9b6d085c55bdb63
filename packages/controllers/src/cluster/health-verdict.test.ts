import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type HealthBelief,
  isStatusChanged,
  judgeProbe,
  type Probe,
  renderClusterStatus,
} from "./health-verdict.ts";

const healthy: Probe = { kind: "healthy", kubernetesVersion: "v1.36.2" };
const lost: Probe = { kind: "unreachable", message: "refused" };
const thresholds = { failureThreshold: 3, successThreshold: 2 };

function after(...probes: readonly Probe[]): HealthBelief {
  return probes.reduce<HealthBelief>((belief, probe) => judgeProbe(belief, probe, thresholds), {
    opposed: 0,
  });
}

describe("judgeProbe()", () => {
  it("believes the first probe at once", () => {
    equal(after(lost).accepted, lost);
    equal(after(healthy).accepted, healthy);
  });

  it("needs failures in a row to believe that a cluster is lost", () => {
    equal(after(healthy, lost, lost).accepted?.kind, "healthy");
    equal(after(healthy, lost, lost, healthy, lost, lost).accepted?.kind, "healthy");
    equal(after(healthy, lost, lost, lost).accepted?.kind, "unreachable");
  });

  it("needs successes in a row to believe that it is back", () => {
    equal(after(lost, healthy).accepted?.kind, "unreachable");
    equal(after(lost, healthy, healthy).accepted?.kind, "healthy");
  });
});

describe("renderClusterStatus()", () => {
  const first = renderClusterStatus(healthy, undefined, "2026-01-01T00:00:00Z");

  it("says KubeFed's words", () => {
    deepEqual(
      first.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
      [["Ready", "True", "ClusterReady", "/healthz responded with ok"]],
    );
    equal(first.kubernetesVersion, "v1.36.2");
  });

  it("keeps the time of the last transition and the version while a cluster is away", () => {
    const second = renderClusterStatus(healthy, first, "2026-01-01T00:00:10Z");
    equal(second.conditions?.[0]?.lastTransitionTime, "2026-01-01T00:00:00Z");
    const third = renderClusterStatus(lost, second, "2026-01-01T00:00:20Z");
    equal(third.kubernetesVersion, "v1.36.2");
    equal(third.conditions?.[0]?.lastTransitionTime, "2026-01-01T00:00:20Z");
  });

  it("is no change when only the time of the probe differs", () => {
    const second = renderClusterStatus(healthy, first, "2026-01-01T00:00:10Z");
    equal(isStatusChanged(first, second), false);
    equal(isStatusChanged(first, renderClusterStatus(lost, first, "2026-01-01T00:00:10Z")), true);
  });
});
