import type { JsonObject, JsonValue } from "@cellplane/apimachinery";
import type { ApiResource, ClusterOverride } from "@cellplane/federation";
import type { KubefedType } from "./kubefed-host.ts";

/** One of the types of KubeFed's end-to-end tests: a template, and overrides for the first cluster. */
export interface KubefedFixture extends KubefedType {
  readonly template: JsonObject;
  readonly overrides?: (cluster: string) => readonly ClusterOverride[];
}

const containers = [{ name: "busybox", image: "busybox:1.31.0", command: ["sleep", "1d"] }];
const labelled = (app: string): JsonObject => ({ matchLabels: { app } });
const pods = (app: string): JsonObject => ({ metadata: { labels: { app } }, spec: { containers } });

/** KubeFed's ten fixtures (reference §5.4), but for Namespaces, which each test has its own of. */
export const kubefedFixtures: readonly KubefedFixture[] = [
  {
    target: target("ClusterRole", "clusterroles", "rbac.authorization.k8s.io"),
    template: { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
  },
  {
    target: target("ConfigMap", "configmaps"),
    shortName: "cm",
    template: { data: { foo: "bar" } },
    overrides: replacing(["/data", { foo: "baz" }]),
  },
  {
    target: target("Deployment", "deployments", "apps"),
    shortName: "deploy",
    template: {
      metadata: { labels: { app: "web" } },
      spec: { replicas: 2, selector: labelled("web"), template: pods("web") },
    },
    overrides: replacing(
      ["/spec/replicas", 1],
      ["/spec/template/spec/containers/0/image", "busybox:1.31.0-uclibc"],
    ),
  },
  {
    target: target("Ingress", "ingresses", "networking.k8s.io"),
    shortName: "ing",
    template: { spec: { defaultBackend: { service: { name: "testsvc", port: { number: 80 } } } } },
  },
  {
    target: target("Job", "jobs", "batch"),
    template: {
      spec: {
        parallelism: 1,
        manualSelector: true,
        selector: labelled("job"),
        template: {
          metadata: { labels: { app: "job" } },
          spec: { containers, restartPolicy: "Never" },
        },
      },
    },
    overrides: replacing(["/spec/parallelism", 2]),
  },
  {
    target: target("ReplicaSet", "replicasets", "apps"),
    shortName: "rs",
    template: { spec: { replicas: 1, selector: labelled("rs"), template: pods("rs") } },
    overrides: replacing(["/spec/replicas", 2]),
  },
  {
    target: target("Secret", "secrets"),
    template: { data: { foo: "YmFy" }, type: "Opaque" },
    overrides: replacing(["/data", { foo: "YmF6" }]),
  },
  {
    target: target("ServiceAccount", "serviceaccounts"),
    shortName: "sa",
    template: { automountServiceAccountToken: true },
  },
  {
    target: target("Service", "services"),
    shortName: "svc",
    template: { spec: { type: "ClusterIP", ports: [{ name: "http", port: 80 }] } },
  },
];

/** The target of FederatedNamespaces. */
export const namespaceTarget: ApiResource = target("Namespace", "namespaces");

/** The fixture of a kind. */
export function fixtureOf(kind: string): KubefedFixture {
  const found = kubefedFixtures.find((fixture) => fixture.target.kind === kind);
  if (!found) throw new Error(`Cannot find a fixture of kind "${kind}"`);
  return found;
}

function target(kind: string, pluralName: string, group = ""): ApiResource {
  const scope = kind === "ClusterRole" || kind === "Namespace" ? "Cluster" : "Namespaced";
  return { ...(group === "" ? {} : { group }), version: "v1", kind, pluralName, scope };
}

function replacing(
  ...patches: readonly (readonly [path: string, value: JsonValue])[]
): (cluster: string) => readonly ClusterOverride[] {
  return (clusterName) => [
    { clusterName, clusterOverrides: patches.map(([path, value]) => ({ path, value })) },
  ];
}
