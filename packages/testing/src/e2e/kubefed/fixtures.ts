import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import type { ResourcePath } from "@cellplane/client";

/** One override of KubeFed's own form. */
export interface FixtureOverride {
  readonly path: string;
  readonly value: JsonValue;
}

/** One kind of KubeFed's end-to-end suite (reference §5.4): what is propagated, and how the first cluster differs. */
export interface KubefedFixture {
  /** `deployments.apps`: the FederatedTypeConfig's name. */
  readonly type: string;
  readonly target: ResourcePath;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly template: JsonObject;
  readonly overrides?: readonly FixtureOverride[];
}

const podTemplate = (image: string, labels: JsonObject): JsonObject => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image, command: ["sleep", "3600"] }] },
});

const core = (resource: string): ResourcePath => ({ group: "", version: "v1", resource });
const of = (group: string, resource: string): ResourcePath => ({ group, version: "v1", resource });

/** All ten kinds. */
export const kubefedFixtures: readonly KubefedFixture[] = [
  {
    type: "clusterroles.rbac.authorization.k8s.io",
    target: of("rbac.authorization.k8s.io", "clusterroles"),
    kind: "ClusterRole",
    isNamespaced: false,
    template: { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
  },
  {
    type: "configmaps",
    target: core("configmaps"),
    kind: "ConfigMap",
    isNamespaced: true,
    template: { data: { foo: "bar" } },
    overrides: [{ path: "/data", value: { foo: "baz" } }],
  },
  {
    type: "deployments.apps",
    target: of("apps", "deployments"),
    kind: "Deployment",
    isNamespaced: true,
    template: {
      spec: {
        replicas: 2,
        selector: { matchLabels: { foo: "bar" } },
        template: podTemplate("busybox", { foo: "bar" }),
      },
    },
    overrides: [
      { path: "/spec/replicas", value: 1 },
      { path: "/spec/template/spec/containers/0/image", value: "busybox:1.31.0-uclibc" },
    ],
  },
  {
    type: "ingresses.networking.k8s.io",
    target: of("networking.k8s.io", "ingresses"),
    kind: "Ingress",
    isNamespaced: true,
    template: {
      spec: { defaultBackend: { service: { name: "testsvc", port: { number: 80 } } } },
    },
  },
  {
    type: "jobs.batch",
    target: of("batch", "jobs"),
    kind: "Job",
    isNamespaced: true,
    template: {
      spec: {
        parallelism: 1,
        manualSelector: true,
        selector: { matchLabels: { job: "one" } },
        template: {
          metadata: { labels: { job: "one" } },
          spec: {
            containers: [{ name: "main", image: "busybox", command: ["true"] }],
            restartPolicy: "Never",
          },
        },
      },
    },
    overrides: [{ path: "/spec/parallelism", value: 2 }],
  },
  {
    type: "namespaces",
    target: core("namespaces"),
    kind: "Namespace",
    isNamespaced: false,
    template: {},
  },
  {
    type: "replicasets.apps",
    target: of("apps", "replicasets"),
    kind: "ReplicaSet",
    isNamespaced: true,
    template: {
      spec: {
        replicas: 1,
        selector: { matchLabels: { foo: "bar" } },
        template: podTemplate("busybox", { foo: "bar" }),
      },
    },
    overrides: [{ path: "/spec/replicas", value: 2 }],
  },
  {
    type: "secrets",
    target: core("secrets"),
    kind: "Secret",
    isNamespaced: true,
    template: { data: { foo: "YmFy" }, type: "Opaque" },
    overrides: [{ path: "/data", value: { foo: "YmF6" } }],
  },
  {
    type: "serviceaccounts",
    target: core("serviceaccounts"),
    kind: "ServiceAccount",
    isNamespaced: true,
    template: { automountServiceAccountToken: true },
  },
  {
    type: "services",
    target: core("services"),
    kind: "Service",
    isNamespaced: true,
    template: {
      spec: { type: "ClusterIP", ports: [{ name: "http", port: 80 }], selector: { foo: "bar" } },
    },
  },
];
