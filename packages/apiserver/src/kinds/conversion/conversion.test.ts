import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { convertAutoscaler } from "./autoscaler-conversion.ts";
import { toCoreEvent, toGroupEvent } from "./event-conversion.ts";

const autoscaler: KubernetesObject = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "h", annotations: { mine: "1" } },
  spec: {
    maxReplicas: 3,
    metrics: [
      {
        type: "Pods",
        pods: {
          metric: { name: "qps", selector: { matchLabels: { a: "b" } } },
          target: { type: "AverageValue", averageValue: "10" },
        },
      },
      {
        type: "Object",
        object: {
          describedObject: { kind: "Ingress", name: "i" },
          metric: { name: "hits" },
          target: { type: "Value", value: "5k" },
        },
      },
      {
        type: "ContainerResource",
        containerResource: {
          name: "memory",
          container: "c",
          target: { type: "Utilization", averageUtilization: 50 },
        },
      },
      {
        type: "External",
        external: {
          metric: { name: "queue" },
          target: { type: "AverageValue", averageValue: "30" },
        },
      },
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
    behavior: { scaleDown: { selectPolicy: "Max" } },
  },
  status: {
    desiredReplicas: 1,
    currentMetrics: null,
    conditions: [{ type: "AbleToScale", status: "True" }],
  },
};

describe("convertAutoscaler()", () => {
  it("says CPU in a field of v1 and the rest in annotations", () => {
    const v1 = convertAutoscaler(autoscaler, "v1");
    equal(v1.apiVersion, "autoscaling/v1");
    deepEqual(v1["spec"], { maxReplicas: 3, targetCPUUtilizationPercentage: 70 });
    deepEqual(Object.keys(v1.metadata.annotations ?? {}), [
      "mine",
      "autoscaling.alpha.kubernetes.io/metrics",
      "autoscaling.alpha.kubernetes.io/conditions",
      "autoscaling.alpha.kubernetes.io/behavior",
    ]);
  });

  it("comes back from v1 without loss", () => {
    const back = convertAutoscaler(convertAutoscaler(autoscaler, "v1"), "v2");
    deepEqual(back, {
      ...autoscaler,
      status: { currentReplicas: 0, ...Object(autoscaler["status"]) },
    });
  });

  it("takes a spoilt annotation for none", () => {
    const annotations = { "autoscaling.alpha.kubernetes.io/metrics": "{" };
    const v1 = {
      apiVersion: "autoscaling/v1",
      metadata: { annotations },
      spec: { maxReplicas: 1 },
    };
    deepEqual(convertAutoscaler(v1, "v2"), {
      apiVersion: "autoscaling/v2",
      metadata: {},
      spec: { maxReplicas: 1, metrics: [] },
      status: { currentMetrics: null },
    });
  });
});

describe("toGroupEvent()", () => {
  it("renames fields there and back", () => {
    const event: KubernetesObject = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "e" },
      involvedObject: { kind: "Pod", name: "p" },
      message: "m",
      source: { component: "c" },
      firstTimestamp: null,
      lastTimestamp: null,
      count: 2,
      eventTime: null,
      reportingComponent: "",
      reportingInstance: "",
    };
    const grouped = toGroupEvent(event);
    deepEqual(grouped, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "e" },
      regarding: { kind: "Pod", name: "p" },
      note: "m",
      deprecatedSource: { component: "c" },
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
      deprecatedCount: 2,
      eventTime: null,
    });
    deepEqual(toCoreEvent(grouped), event);
  });
});
