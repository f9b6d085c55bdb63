import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { advanceDeployment, advanceJob, advanceService } from "./advance-replicas.ts";

const now = "2026-01-01T00:00:00Z";

function deployment(replicas: number, generation = 1): KubernetesObject {
  return { metadata: { name: "web", generation }, spec: { replicas } };
}

function run(object: KubernetesObject): readonly (readonly unknown[])[] {
  const steps: (readonly unknown[])[] = [];
  let current = object;
  for (
    let status = advanceDeployment(current, now);
    status;
    status = advanceDeployment(current, now)
  ) {
    steps.push([status["updatedReplicas"], status["readyReplicas"]]);
    current = { ...current, status };
    if (steps.length > 20) break;
  }
  return steps;
}

describe("advanceDeployment()", () => {
  it("updates one replica a step, and lets it be ready in the next", () => {
    deepEqual(run(deployment(2)), [
      [1, 0],
      [2, 1],
      [2, 2],
    ]);
  });

  it("comes to rest with no replicas, too", () => {
    deepEqual(run(deployment(0)), [[0, 0]]);
  });

  it("starts again when the generation changes", () => {
    const status = { observedGeneration: 1, updatedReplicas: 1, readyReplicas: 1, replicas: 1 };
    equal(advanceDeployment({ ...deployment(1), status }, now), undefined);
    const next = advanceDeployment({ ...deployment(1, 2), status }, now);
    deepEqual([next?.["observedGeneration"], next?.["readyReplicas"]], [2, 0]);
  });
});

describe("advanceJob()", () => {
  it("is active first, then complete", () => {
    const job: KubernetesObject = {
      metadata: { name: "j" },
      spec: { completions: 3, parallelism: 2 },
    };
    const first = advanceJob(job, now);
    equal(first?.["active"], 2);
    const second = advanceJob({ ...job, status: first }, now);
    equal(second?.["succeeded"], 3);
    equal(advanceJob({ ...job, status: second }, now), undefined);
  });
});

describe("advanceService()", () => {
  it("gives only load balancers an address", () => {
    const service = (type: string): KubernetesObject => ({
      metadata: { uid: "00000001-0" },
      spec: { type },
    });
    equal(advanceService(service("ClusterIP")), undefined);
    deepEqual(advanceService(service("LoadBalancer")), {
      loadBalancer: { ingress: [{ ip: "203.0.113.2", ipMode: "VIP" }] },
    });
  });
});
