import { type JsonObject, type KubernetesObject, stringifyYaml } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import { agentAccount } from "./account-manifest.ts";
import type { AgentAccess } from "./agent-certificate.ts";
import { systemNamespace } from "./system-namespace.ts";

/** What an agent's manifest says. */
export interface AgentManifest {
  readonly cluster: string;
  readonly access: AgentAccess;
  readonly image: string;
  /** Of the system namespace in the member: the agent brings the control plane tokens of it. */
  readonly tokenAccount?: string;
}

const { name, namespace } = agentAccount;
const podLabels = { "app.kubernetes.io/name": name };
const labels = { ...podLabels, "app.kubernetes.io/managed-by": "cellplane" };
const metadata = { name, namespace, labels };
// That of the stock agent.
const healthPort = 8093;
const unprivilegedId = 65_532;

/** The objects that run an agent in a member: YAML documents for `kubectl apply -f -`. */
export function renderAgentManifest(manifest: AgentManifest): string {
  return agentObjects(manifest).map(stringifyYaml).join("---\n");
}

/**
 * The same as objects. In the cluster the agent may renew its own credential, and nothing else
 * unless it is to bring tokens.
 */
export function agentObjects(manifest: AgentManifest): readonly KubernetesObject[] {
  const { access } = manifest;
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      type: "kubernetes.io/tls",
      data: {
        "ca.crt": encode(access.ca),
        "tls.crt": encode(access.cert),
        "tls.key": encode(access.key),
      },
    },
    ...renewalRights(),
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata,
      spec: { maxUnavailable: 1, selector: { matchLabels: podLabels } },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: podLabels },
        template: { metadata: { labels: podLabels }, spec: podSpec(manifest) },
      },
    },
  ];
}

/** A pod that begins takes its credential from the Secret, so renewed ones have to be there. */
function renewalRights(): readonly KubernetesObject[] {
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  const rules = [
    { apiGroups: [""], resources: ["secrets"], resourceNames: [name], verbs: ["get", "patch"] },
  ];
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion, kind: "Role", metadata, rules },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      roleRef,
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
}

// Within what the Pod Security Standard "restricted" allows, so that it runs in every cluster.
function podSpec(manifest: AgentManifest): JsonObject {
  return {
    serviceAccountName: name,
    terminationGracePeriodSeconds: 45,
    nodeSelector: { "kubernetes.io/os": "linux" },
    topologySpreadConstraints: ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map(
      (topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: "ScheduleAnyway",
        labelSelector: { matchLabels: podLabels },
      }),
    ),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: unprivilegedId,
      runAsGroup: unprivilegedId,
      // So that it may read what is mounted.
      fsGroup: unprivilegedId,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [agentContainer(manifest)],
    volumes: [{ name: "credentials", secret: { secretName: name, defaultMode: 0o440 } }],
  };
}

function agentContainer({ cluster, access, image, tokenAccount }: AgentManifest): JsonObject {
  return {
    name: "agent",
    image,
    args: [
      "agent",
      ...access.servers.flatMap((server) => ["--server", server]),
      "--cluster",
      cluster,
      "--credentials",
      "/credentials",
      "--credentials-secret",
      `${namespace}/${name}`,
      "--health-listen",
      `0.0.0.0:${healthPort}`,
      ...(tokenAccount === undefined
        ? []
        : ["--token-account", `${systemNamespace}/${tokenAccount}`]),
    ],
    ports: [{ name: "health", containerPort: healthPort }],
    livenessProbe: { httpGet: { path: "/healthz", port: "health" } },
    readinessProbe: { httpGet: { path: "/readyz", port: "health" } },
    resources: { requests: { cpu: "100m", memory: "192Mi" }, limits: { memory: "1Gi" } },
    volumeMounts: [{ name: "credentials", mountPath: "/credentials", readOnly: true }],
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}

const rbac = { group: "rbac.authorization.k8s.io", version: "v1", namespace };
const paths = {
  Namespace: { group: "", version: "v1", resource: "namespaces" },
  Secret: { group: "", version: "v1", resource: "secrets", namespace },
  ServiceAccount: { group: "", version: "v1", resource: "serviceaccounts", namespace },
  Role: { ...rbac, resource: "roles" },
  RoleBinding: { ...rbac, resource: "rolebindings" },
  PodDisruptionBudget: {
    group: "policy",
    version: "v1",
    resource: "poddisruptionbudgets",
    namespace,
  },
  Deployment: { group: "apps", version: "v1", resource: "deployments", namespace },
} as const;

/** Makes the objects in the member, or brings them up to date. */
export async function applyAgent(
  member: RestClient,
  objects: readonly KubernetesObject[],
): Promise<void> {
  for (const object of objects) {
    const path = paths[object.kind as keyof typeof paths];
    const patch = { type: "apply", body: object } as const;
    await member.patch(path, object.metadata.name ?? "", patch, {
      fieldManager: "cellplane-join",
      force: true,
    });
  }
}

/** The command that runs an agent beside the member's API server. */
export function formatAgentCommand(
  cluster: string,
  { servers }: AgentAccess,
  {
    folder,
    target,
    tokenAccount,
  }: { readonly folder: string; readonly target: string; readonly tokenAccount?: string },
): string {
  const tokens =
    tokenAccount === undefined
      ? ""
      : ` --token-account ${systemNamespace}/${tokenAccount} --member-kubeconfig FILE`;
  return `cellplane agent --server ${servers.join(" ")} --cluster ${cluster} --credentials ${folder} --target ${target}${tokens}`;
}
