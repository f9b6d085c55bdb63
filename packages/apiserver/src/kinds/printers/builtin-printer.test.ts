import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { builtinResourceDefinitions } from "../builtin-resources.ts";
import { builtinPrinter } from "./builtin-printer.ts";

const nowMs = Date.parse("2026-11-24T01:00:00Z");
const metadata = { name: "x", creationTimestamp: "2026-11-24T00:54:58Z" };

function cells(resource: string, object: Omit<KubernetesObject, "metadata">): readonly unknown[] {
  const [group = "", plural = ""] = resource.split("/");
  const printer = builtinPrinter({ group, version: "v1", resource: plural });
  return printer.cells({ metadata, ...object }, nowMs);
}

describe("builtinPrinter()", () => {
  it("has a cell for each column of every resource, even of an empty object", () => {
    for (const { group, resource, versions } of builtinResourceDefinitions()) {
      for (const { version, printer } of versions) {
        const printed = printer.cells({ metadata: { name: "x" } }, nowMs);
        equal(printed.length, printer.columns.length, `${group}/${version}/${resource}`);
      }
    }
  });

  it("counts the entries of a ConfigMap", () => {
    const map = { data: { a: "1", b: "2" }, binaryData: { c: "AA==" } };
    deepEqual(cells("/configmaps", map), ["x", 3, "5m2s"]);
  });

  it("prints a Deployment's replicas, containers and selector", () => {
    const deployment = {
      spec: {
        replicas: 3,
        selector: {
          matchLabels: { b: "2", a: "1" },
          matchExpressions: [{ key: "c", operator: "In", values: ["y", "x"] }],
        },
        template: {
          spec: {
            containers: [
              { name: "c", image: "i:1" },
              { name: "d", image: "j" },
            ],
          },
        },
      },
      status: { readyReplicas: 2, updatedReplicas: 3 },
    };
    deepEqual(cells("apps/deployments", deployment), [
      "x",
      "2/3",
      3,
      0,
      "5m2s",
      "c,d",
      "i:1,j",
      "a=1,b=2,c in (x,y)",
    ]);
  });

  it("prints a Service's ports with its node ports", () => {
    const spec = {
      type: "NodePort",
      clusterIP: "10.96.0.9",
      clusterIPs: ["10.96.0.9"],
      ports: [
        { port: 80, nodePort: 30_123, protocol: "TCP" },
        { port: 53, protocol: "UDP" },
      ],
    };
    deepEqual(cells("/services", { spec }), [
      "x",
      "NodePort",
      "10.96.0.9",
      "<none>",
      "80:30123/TCP,53/UDP",
      "5m2s",
      "<none>",
    ]);
  });

  it("says that a load balancer's address is pending", () => {
    equal(cells("/services", { spec: { type: "LoadBalancer" } })[3], "<pending>");
  });

  it("prints what a Pod waits for", () => {
    const pod = {
      spec: { containers: [{ name: "c" }, { name: "d" }], nodeName: "n" },
      status: {
        phase: "Pending",
        containerStatuses: [
          { name: "c", ready: true, restartCount: 2, state: { running: {} } },
          { name: "d", state: { waiting: { reason: "ImagePullBackOff" } } },
        ],
      },
    };
    deepEqual(cells("/pods", pod), [
      "x",
      "1/2",
      "ImagePullBackOff",
      "2",
      "5m2s",
      "<none>",
      "n",
      "<none>",
      "<none>",
    ]);
  });

  it("prints how a Job gets on", () => {
    const job = {
      spec: { completions: 3, template: { spec: { containers: [] } } },
      status: { succeeded: 1, startTime: "2026-11-24T00:59:00Z" },
    };
    deepEqual(cells("batch/jobs", job).slice(0, 5), ["x", "Running", "1/3", "60s", "5m2s"]);
  });

  it("prints a binding's subjects by kind", () => {
    const binding = {
      roleRef: { kind: "ClusterRole", name: "view" },
      subjects: [
        { kind: "User", name: "u" },
        { kind: "Group", name: "g" },
        { kind: "ServiceAccount", namespace: "n", name: "s" },
      ],
    };
    deepEqual(cells("rbac.authorization.k8s.io/rolebindings", binding), [
      "x",
      "ClusterRole/view",
      "5m2s",
      "u",
      "g",
      "n/s",
    ]);
  });

  it("prints an autoscaler in either version", () => {
    const print = (version: string, object: Omit<KubernetesObject, "metadata">): unknown =>
      builtinPrinter({
        group: "autoscaling",
        version,
        resource: "horizontalpodautoscalers",
      }).cells({ metadata, apiVersion: `autoscaling/${version}`, ...object }, nowMs)[2];
    const target = { type: "Utilization", averageUtilization: 80 };
    const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
    equal(print("v2", { spec: { metrics } }), "cpu: <unknown>/80%");
    equal(print("v1", { spec: { targetCPUUtilizationPercentage: 80 } }), "cpu: <unknown>/80%");
  });

  it("prints Events from newest to what they are about", () => {
    const event = {
      involvedObject: { kind: "Pod", name: "p" },
      reason: "Why",
      message: "text\n",
      type: "Normal",
      source: { component: "me" },
      lastTimestamp: "2026-11-24T00:59:30Z",
      firstTimestamp: "2026-11-24T00:50:00Z",
      count: 4,
    };
    deepEqual(cells("/events", event), [
      "30s",
      "Normal",
      "Why",
      "pod/p",
      "",
      "me",
      "text",
      "10m",
      4,
      "x",
    ]);
  });
});
