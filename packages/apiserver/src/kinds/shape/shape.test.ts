import { deepEqual, equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { complete } from "./complete.ts";
import { canonicalTime } from "./canonical-time.ts";
import { dropEmpty } from "./drop-empty.ts";

describe("dropEmpty()", () => {
  it("leaves out what a Go decoder cannot tell from absent", () => {
    const pod = {
      metadata: { name: "p", labels: {}, generation: 0 },
      spec: {
        hostNetwork: false,
        nodeName: "",
        volumes: [],
        nodeSelector: {},
        containers: [{ name: "c", image: "", stdin: false, securityContext: { runAsUser: 0 } }],
      },
    };
    deepEqual(dropEmpty(pod, "core.v1.Pod"), {
      metadata: { name: "p" },
      spec: { containers: [{ name: "c", securityContext: { runAsUser: 0 } }] },
    });
  });

  it("keeps zeros behind pointers and empty structs", () => {
    const deployment = {
      metadata: {},
      spec: {
        replicas: 0,
        paused: false,
        template: { spec: { volumes: [{ name: "v", emptyDir: {} }] } },
      },
    };
    deepEqual(dropEmpty(deployment, "apps.v1.Deployment"), {
      metadata: {},
      spec: { replicas: 0, template: { spec: { volumes: [{ name: "v", emptyDir: {} }] } } },
    });
  });

  it("returns the same object when there is nothing to leave out", () => {
    const map = { metadata: { name: "m", labels: { a: "" } }, data: { k: "" } };
    equal(dropEmpty(map, "core.v1.ConfigMap"), map);
  });

  it("does not look into content that is not the type's", () => {
    const revision = { metadata: { name: "r" }, data: { list: [], text: "" }, revision: 1 };
    equal(dropEmpty(revision, "apps.v1.ControllerRevision"), revision);
  });
});

describe("dropEmpty() and complete()", () => {
  it("make an empty list null where a list is always written", () => {
    const role = { metadata: { name: "r" }, rules: [] };
    deepEqual(complete(dropEmpty(role, "rbac.v1.ClusterRole"), "rbac.v1.ClusterRole"), {
      metadata: { name: "r" },
      rules: null,
    });
  });
});

describe("complete()", () => {
  it("writes zeros that are always written, deep inside too", () => {
    deepEqual(complete({ metadata: { name: "n" } }, "apps.v1.ReplicaSet"), {
      metadata: { name: "n" },
      spec: { selector: null, template: { metadata: {}, spec: { containers: null } } },
      status: { replicas: 0 },
    });
  });

  it("makes quantities canonical", () => {
    const quota = { metadata: {}, spec: { hard: { cpu: "1000m" } }, status: {} };
    deepEqual(complete(quota, "core.v1.ResourceQuota"), {
      metadata: {},
      spec: { hard: { cpu: "1" } },
      status: {},
    });
  });

  it("returns the same object when it is complete", () => {
    const map = { metadata: { name: "m" }, data: { k: "v" } };
    equal(complete(map, "core.v1.ConfigMap"), map);
  });
});

describe("canonicalTime()", () => {
  it("writes times in UTC with seconds, micro times with six digits", () => {
    equal(canonicalTime("2026-01-02T03:04:05+02:00", "time"), "2026-01-02T01:04:05Z");
    equal(canonicalTime("2026-01-02T03:04:05.9Z", "time"), "2026-01-02T03:04:05Z");
    equal(canonicalTime("2026-01-02T03:04:05.9Z", "microTime"), "2026-01-02T03:04:05.900000Z");
    equal(canonicalTime("yesterday", "time"), "yesterday");
  });
});
