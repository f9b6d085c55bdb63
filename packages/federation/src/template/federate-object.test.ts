import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { ApiResource } from "../api/federated-type-config.ts";
import { createTypeConfig } from "../crds/default-types.ts";
import { federateObject, reasonToSkip, withTemplateOf } from "./federate-object.ts";

const everywhere = { clusterSelector: { matchLabels: {} } };
const podTemplate = { spec: { containers: [{ name: "busybox", image: "busybox:1.31.0" }] } };

/** What a server makes of an object: all that a template must not have. */
function stored(
  fields: JsonObject,
  metadata: Partial<KubernetesObject["metadata"]> = {},
): KubernetesObject {
  return {
    apiVersion: "to/drop",
    kind: "ToDrop",
    metadata: {
      name: "test",
      namespace: "home",
      uid: "1b4e28ba",
      resourceVersion: "7",
      generation: 2,
      creationTimestamp: "2026-01-01T00:00:00Z",
      managedFields: [],
      finalizers: ["example.com/keep"],
      selfLink: "/somewhere",
      ...metadata,
    } as KubernetesObject["metadata"],
    ...fields,
    status: { phase: "Active" },
  };
}

interface Fixture {
  readonly target: ApiResource;
  readonly live: KubernetesObject;
  readonly template: JsonObject;
  readonly namespace?: string | undefined;
}

function targetOf(kind: string, pluralName: string, group = ""): ApiResource {
  const scope = kind === "Namespace" || kind === "ClusterRole" ? "Cluster" : "Namespaced";
  return { ...(group === "" ? {} : { group }), version: "v1", kind, pluralName, scope };
}

// The ten types of KubeFed's end-to-end fixtures (reference §5.4), as a server stores them.
const fixtures: Readonly<Record<string, Fixture>> = {
  clusterroles: {
    target: targetOf("ClusterRole", "clusterroles", "rbac.authorization.k8s.io"),
    live: {
      ...stored({ rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] }),
      metadata: { name: "test", uid: "1" },
    },
    template: { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
    namespace: undefined,
  },
  configmaps: {
    target: targetOf("ConfigMap", "configmaps"),
    live: stored({ data: { foo: "bar" } }),
    template: { data: { foo: "bar" } },
  },
  deployments: {
    target: targetOf("Deployment", "deployments", "apps"),
    live: stored(
      { spec: { replicas: 2, template: podTemplate } },
      {
        labels: { app: "nginx", "kubefed.io/managed": "true" },
        annotations: { "deployment.kubernetes.io/revision": "3" },
      },
    ),
    template: {
      metadata: { labels: { app: "nginx" } },
      spec: { replicas: 2, template: podTemplate },
    },
  },
  ingresses: {
    target: targetOf("Ingress", "ingresses", "networking.k8s.io"),
    live: stored({
      spec: { defaultBackend: { service: { name: "testsvc", port: { number: 80 } } } },
    }),
    template: { spec: { defaultBackend: { service: { name: "testsvc", port: { number: 80 } } } } },
  },
  jobs: {
    target: targetOf("Job", "jobs", "batch"),
    live: stored({
      spec: {
        parallelism: 1,
        manualSelector: true,
        selector: { matchLabels: { app: "test-job" } },
        template: { metadata: { labels: { app: "test-job" } }, ...podTemplate },
      },
    }),
    template: {
      spec: {
        parallelism: 1,
        manualSelector: true,
        selector: { matchLabels: { app: "test-job" } },
        template: { metadata: { labels: { app: "test-job" } }, ...podTemplate },
      },
    },
  },
  namespaces: {
    target: targetOf("Namespace", "namespaces"),
    live: {
      ...stored({ spec: { finalizers: ["kubernetes"] } }),
      metadata: { name: "test", labels: { "kubernetes.io/metadata.name": "test" } },
    },
    template: { spec: {} },
    namespace: "test",
  },
  replicasets: {
    target: targetOf("ReplicaSet", "replicasets", "apps"),
    live: stored({ spec: { replicas: 1, template: podTemplate } }),
    template: { spec: { replicas: 1, template: podTemplate } },
  },
  secrets: {
    target: targetOf("Secret", "secrets"),
    live: stored({ data: { foo: "YmFy" }, type: "Opaque" }),
    template: { data: { foo: "YmFy" }, type: "Opaque" },
  },
  serviceaccounts: {
    target: targetOf("ServiceAccount", "serviceaccounts"),
    live: stored({ automountServiceAccountToken: true, secrets: [{ name: "test-token" }] }),
    template: { automountServiceAccountToken: true },
  },
  services: {
    target: targetOf("Service", "services"),
    live: stored({
      spec: {
        type: "NodePort",
        clusterIP: "10.0.0.7",
        clusterIPs: ["10.0.0.7"],
        healthCheckNodePort: 30_001,
        ports: [{ name: "http", port: 80, protocol: "TCP", nodePort: 30_000 }],
      },
    }),
    template: { spec: { type: "NodePort", ports: [{ name: "http", port: 80, protocol: "TCP" }] } },
  },
};

describe("federateObject()", () => {
  for (const [name, fixture] of Object.entries(fixtures)) {
    it(`makes of ${name} what KubeFed makes of them`, () => {
      const { spec: typeConfig } = createTypeConfig(fixture.target);
      const request = { typeConfig, over: "clusters", hold: "nothing" } as const;
      const namespace = "namespace" in fixture ? fixture.namespace : "home";
      deepEqual(federateObject(fixture.live, request), {
        object: {
          apiVersion: "types.kubefed.io/v1beta1",
          kind: `Federated${fixture.target.kind}`,
          metadata: { name: "test", ...(namespace === undefined ? {} : { namespace }) },
          spec: { template: fixture.template, placement: everywhere },
        },
        warnings: [],
      });
    });
  }

  const { spec: typeConfig } = createTypeConfig(targetOf("ConfigMap", "configmaps"));
  const original = stored({ data: { foo: "bar" } });

  it("spreads a tenant's object over its cells, and holds it where asked to", () => {
    const { object } = federateObject(original, { typeConfig, over: "cells", hold: "everything" });
    equal(object.apiVersion, "types.kubefed.io/v1beta2");
    deepEqual(object["spec"], {
      template: { data: { foo: "bar" } },
      topologyType: "cell",
      placement: { topologySelector: {} },
      placementMask: { topologies: [] },
    });
  });

  it("holds an object over clusters by an empty mask", () => {
    const { object } = federateObject(original, {
      typeConfig,
      over: "clusters",
      hold: "everything",
    });
    const { placementMask } = object["spec"] as JsonObject;
    deepEqual(placementMask, { clusters: [] });
  });

  it("names the annotations that stay behind, but for those of tools", () => {
    const annotations = { team: "x", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
    const { warnings } = federateObject(stored({}, { annotations }), {
      typeConfig,
      over: "clusters",
      hold: "nothing",
    });
    equal(warnings.length, 1);
    match(warnings[0] ?? "", /come along: team;/);
  });

  it("leaves out what a Job's controller put into it", () => {
    const { spec: jobType } = createTypeConfig(targetOf("Job", "jobs", "batch"));
    const uidLabels = { "batch.kubernetes.io/controller-uid": "u", "job-name": "test", app: "x" };
    const live = stored({
      spec: {
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } },
        template: { metadata: { labels: uidLabels }, ...podTemplate },
      },
    });
    const request = { typeConfig: jobType, over: "clusters", hold: "nothing" } as const;
    const { template } = federateObject(live, request).object["spec"] as JsonObject;
    deepEqual(template, {
      spec: { template: { metadata: { labels: { app: "x" } }, ...podTemplate } },
    });
  });
});

describe("reasonToSkip()", () => {
  const skip = (live: KubernetesObject, kind: string, plural: string): string | undefined =>
    reasonToSkip(live, targetOf(kind, plural));

  it("leaves out what a controller made", () => {
    const ownerReferences = [
      { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "u", controller: true },
    ];
    equal(
      skip(stored({}, { ownerReferences }), "ReplicaSet", "replicasets"),
      'made by Deployment "web"',
    );
  });

  it("leaves out what each cluster makes for itself", () => {
    const named = (name: string): KubernetesObject => stored({}, { name });
    equal(skip(named("kube-root-ca.crt"), "ConfigMap", "configmaps"), "each cluster makes its own");
    equal(
      skip(named("default"), "ServiceAccount", "serviceaccounts"),
      "each cluster makes its own",
    );
    const token = stored({ type: "kubernetes.io/service-account-token" });
    match(skip(token, "Secret", "secrets") ?? "", /in one cluster only/);
  });

  it("leaves out a name that a federated object cannot have, and nothing else", () => {
    match(skip(stored({}, { name: "system:web" }), "Role", "roles") ?? "", /no DNS subdomain/);
    equal(skip(stored({}), "ConfigMap", "configmaps"), undefined);
  });
});

describe("withTemplateOf()", () => {
  it("keeps placement, mask and overrides", () => {
    const spec = { template: { data: { a: "1" } }, placement: { clusters: [] }, overrides: [] };
    const existing = { metadata: { name: "x" }, spec };
    const federated = { metadata: { name: "x" }, spec: { template: { data: { a: "2" } } } };
    deepEqual(withTemplateOf(existing, federated)["spec"], {
      ...spec,
      template: { data: { a: "2" } },
    });
  });
});
