import { type KubernetesObject, stringifyYaml } from "@cellplane/apimachinery";
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

const namespace = agentAccount.namespace;
// That of the stock agent.
const healthPort = 8093;

/** The objects that run an agent in a member: YAML documents for `kubectl apply -f -`. */
export function renderAgentManifest(manifest: AgentManifest): string {
  return agentObjects(manifest).map(stringifyYaml).join("---\n");
}

/** The same as objects. The agent needs no right in the cluster, unless it is to bring tokens. */
export function agentObjects({
  cluster,
  access,
  image,
  tokenAccount,
}: AgentManifest): readonly KubernetesObject[] {
  const labels = { "app.kubernetes.io/name": "cellplane-agent" };
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "cellplane-agent", namespace },
      type: "kubernetes.io/tls",
      data: {
        "ca.crt": encode(access.ca),
        "tls.crt": encode(access.cert),
        "tls.key": encode(access.key),
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "cellplane-agent", namespace, labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: tokenAccount !== undefined,
            ...(tokenAccount === undefined ? {} : { serviceAccountName: agentAccount.name }),
            terminationGracePeriodSeconds: 45,
            initContainers: [
              {
                // Secrets are mounted read-only, and the agent renews its certificate.
                name: "credentials",
                image,
                command: ["sh", "-c", "cp /secret/..data/* /credentials/"],
                volumeMounts: [
                  { name: "secret", mountPath: "/secret" },
                  { name: "credentials", mountPath: "/credentials" },
                ],
              },
            ],
            containers: [
              {
                name: "agent",
                image,
                args: [
                  "agent",
                  ...access.servers.flatMap((server) => ["--server", server]),
                  "--cluster",
                  cluster,
                  "--credentials",
                  "/credentials",
                  "--health-listen",
                  `0.0.0.0:${healthPort}`,
                  ...(tokenAccount === undefined
                    ? []
                    : ["--token-account", `${systemNamespace}/${tokenAccount}`]),
                ],
                ports: [{ name: "health", containerPort: healthPort }],
                livenessProbe: { httpGet: { path: "/healthz", port: "health" } },
                readinessProbe: { httpGet: { path: "/readyz", port: "health" } },
                volumeMounts: [{ name: "credentials", mountPath: "/credentials" }],
                securityContext: {
                  allowPrivilegeEscalation: false,
                  runAsNonRoot: true,
                  capabilities: { drop: ["ALL"] },
                },
              },
            ],
            volumes: [
              { name: "secret", secret: { secretName: "cellplane-agent" } },
              { name: "credentials", emptyDir: { medium: "Memory" } },
            ],
          },
        },
      },
    },
  ];
}

const paths = {
  Namespace: { group: "", version: "v1", resource: "namespaces" },
  Secret: { group: "", version: "v1", resource: "secrets", namespace },
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
