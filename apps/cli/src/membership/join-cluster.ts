import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isStatus, type KubernetesObject, stringifyYaml } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import type { ConnectionSettings } from "@cellplane/client/node";
import type { Envelope, SecretData } from "@cellplane/kms";
import { annotations } from "@cellplane/federation";
import { type Step } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { type AgentAccess, certifyAgent } from "./agent-certificate.ts";
import { checkMember, explainMemberRefusal } from "./check-member.ts";
import { accountName, ensureMemberAccount, removeQuietly, type Undo } from "./member-account.ts";
import { computeMemberRights, impersonationRules } from "./member-rights.ts";
import { checkServedTypes, type MemberCredential, ownCredential } from "./own-credential.ts";
import { renderCredential, replaceCredential } from "./stored-credential.ts";
import { removeReplacedSecret } from "./replaced-secret.ts";
import {
  federatedTypeConfigs,
  kubeFedClusters,
  kubeFedConfigName,
  kubeFedConfigs,
  namespaces,
  systemNamespace,
  systemSecrets,
} from "./system-namespace.ts";
import { waitForReady } from "./wait-for-ready.ts";

/** What `join` is asked to do. */
export interface JoinRequest {
  readonly name: string;
  readonly controlPlane: RestClient;
  readonly member: RestClient;
  readonly connection: ConnectionSettings;
  readonly kubeconfig: string;
  readonly tenant?: string;
  readonly workspaceGroup?: string;
  /** Present: no account is made there, as the kubeconfig's own credential is to be used. */
  readonly ownCredential?: {
    /** Kinds that the member must serve. */
    readonly types: readonly string[];
  };
  /** Present: its API server is reached through an agent, for which this is done once it is certified. */
  readonly tunnel?: (access: AgentAccess, undo: Undo) => Promise<void>;
  /** Lets the control plane act there for its users. */
  readonly allowsProxy?: boolean;
  /** Where the credential goes as a file, for a host that keeps no Secrets. */
  readonly credentialsDir?: string;
  /** Seals the credential before it leaves this process. */
  readonly envelope?: Envelope;
  readonly timeoutMs: number;
}

/** What of it says how a cluster is registered. */
export type Registration = Pick<
  JoinRequest,
  "name" | "controlPlane" | "connection" | "tenant" | "workspaceGroup"
> & {
  readonly tunnel?: unknown;
  /** Its agents bring the credential for its API server. */
  readonly bringsCredential?: true;
};

/** What the steps hand on to one another. */
export interface JoinContext {
  readonly undo: Undo;
  version?: string;
  controlPlaneId?: string;
  credential?: MemberCredential;
  caBundle?: string;
  secretName?: string;
  /** The cluster as it was joined before. */
  before?: KubernetesObject;
}

/** The steps of joining, in order. Each notes in `undo` how to take back what it did. */
export function planJoin(request: JoinRequest): readonly Step<JoinContext>[] {
  return [
    {
      title: `Reach the member at ${request.member.server}`,
      run: async (context) => {
        context.version = await checkMember(request.member, request.kubeconfig);
      },
    },
    { title: "Look at the control plane", run: (context) => lookAtControlPlane(request, context) },
    request.ownCredential === undefined
      ? {
          title: "Create the account in the member",
          run: (context) => createAccount(request, context),
        }
      : {
          title: "Take the credential of the member's kubeconfig",
          run: (context) => takeOwnCredential(request, context),
        },
    { title: "Store its credential", run: (context) => storeCredential(request, context) },
    { title: `Register "${request.name}"`, run: (context) => register(request, context) },
    ...(request.tunnel === undefined ? [] : [certifyStep(request, request.tunnel)]),
    {
      title: "Wait until it is Ready",
      run: async (context, tell) => {
        await waitUntilReady(request, context, tell);
        // Until now it was needed should anything fail.
        if (context.before) await removeReplacedSecret(request.controlPlane, context.before);
      },
    },
  ];
}

/** Once the agent has what it needs, nothing is taken back: it may take its time. */
async function waitUntilReady(
  { controlPlane, name, timeoutMs, tunnel }: JoinRequest,
  context: JoinContext,
  tell: (text: string) => void,
): Promise<void> {
  if (tunnel) context.undo.length = 0;
  await waitForReady(controlPlane, { name, timeoutMs, staysJoined: tunnel !== undefined }, tell);
}

function certifyStep(
  { controlPlane, name }: JoinRequest,
  hand: NonNullable<JoinRequest["tunnel"]>,
): Step<JoinContext> {
  return {
    title: `Certify the agent of "${name}"`,
    run: async ({ undo }) => hand(await certifyAgent(controlPlane, name, undo), undo),
  };
}

/**
 * The id of a control plane: the uid of its namespace `kube-system`, which lives as long as its data;
 * of its KubeFedConfig where namespaces are no objects.
 */
export async function readControlPlaneId(controlPlane: RestClient): Promise<string> {
  const home =
    (await find(controlPlane, namespaces, "kube-system")) ??
    (await find(controlPlane, kubeFedConfigs, kubeFedConfigName));
  return home?.metadata.uid ?? "";
}

/** Makes sure that it is a control plane, and that the name is free or the same cluster's. @throws {CliError} */
export async function lookAtControlPlane(
  request: Registration,
  context: JoinContext,
): Promise<void> {
  context.controlPlaneId = await readControlPlaneId(request.controlPlane);
  const { controlPlane } = request;
  const home =
    (await find(controlPlane, namespaces, systemNamespace)) ??
    (await find(controlPlane, kubeFedConfigs, kubeFedConfigName));
  if (!home) {
    throw new CliError(
      `Cannot join as ${controlPlane.server} has no namespace "${systemNamespace}": is it a cellplane control plane? Choose it with --kubeconfig and --context`,
    );
  }
  const existing = await find(controlPlane, kubeFedClusters, request.name);
  const endpoint = (existing?.["spec"] as { readonly apiEndpoint?: string } | undefined)
    ?.apiEndpoint;
  if (existing && endpoint !== request.connection.server) {
    throw new CliError(
      `Cannot join as a cluster "${request.name}" is registered already, at ${endpoint ?? "?"}; choose another name or unjoin it first`,
    );
  }
}

async function find(
  client: RestClient,
  path: ResourcePath,
  name: string,
): Promise<KubernetesObject | undefined> {
  try {
    return await client.get(path, name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function takeOwnCredential(request: JoinRequest, context: JoinContext): Promise<void> {
  const { member, connection, kubeconfig, ownCredential: own } = request;
  await checkServedTypes(member, own?.types ?? []);
  context.credential = await ownCredential(connection, kubeconfig);
  if (connection.caBundle !== undefined) context.caBundle = connection.caBundle;
}

async function createAccount(request: JoinRequest, context: JoinContext): Promise<void> {
  const configs = await request.controlPlane.list(federatedTypeConfigs);
  const name = accountName(context.controlPlaneId ?? "", request.name);
  const needed = computeMemberRights(configs.items, await readScope(request.controlPlane));
  const rights =
    request.allowsProxy === true
      ? { ...needed, cluster: [...needed.cluster, ...impersonationRules] }
      : needed;
  try {
    const account = await ensureMemberAccount(request.member, name, rights, context.undo);
    context.credential = { token: account.token };
    const caBundle = request.connection.caBundle ?? account.caBundle;
    if (caBundle !== undefined) context.caBundle = caBundle;
  } catch (error) {
    throw explainMemberRefusal(error);
  }
}

/** The scope of a control plane; `Cluster` where it has no settings yet. */
export async function readScope(controlPlane: RestClient): Promise<"Cluster" | "Namespaced"> {
  const config = await find(controlPlane, kubeFedConfigs, kubeFedConfigName);
  const { scope } = (config?.["spec"] ?? {}) as { readonly scope?: string };
  return scope === "Namespaced" ? "Namespaced" : "Cluster";
}

async function storeCredential(request: JoinRequest, context: JoinContext): Promise<void> {
  const name = `${request.name}-credential`;
  const place = { cluster: request.name, name };
  const secret = await renderCredential(credentialData(context), place, request.envelope);
  context.secretName = name;
  if (request.credentialsDir !== undefined) {
    const file = join(request.credentialsDir, `${name}.yaml`);
    await writeFile(file, stringifyYaml(secret), { mode: 0o600 });
    context.undo.unshift(() => rm(file, { force: true }));
    return;
  }
  try {
    await request.controlPlane.create(systemSecrets, secret);
    context.undo.unshift(() => removeQuietly(request.controlPlane, systemSecrets, name));
  } catch (error) {
    if (isStatus(error, "NotFound")) {
      throw new CliError(
        `Cannot store the credential as ${request.controlPlane.server} serves no Secrets; give the directory of "cellplane controller-manager --credentials-dir" with --credentials-dir`,
        { cause: error },
      );
    }
    if (!isStatus(error, "AlreadyExists")) throw error;
    await replaceCredential(request.controlPlane, name, secret.data);
  }
}

function credentialData({ credential, caBundle }: JoinContext): SecretData {
  const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  const fields = {
    token: credential?.token,
    "tls.crt": credential?.clientCertificate,
    "tls.key": credential?.clientKey,
    "ca.crt": caBundle,
  };
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, encode(value)]],
    ),
  );
}

/** Makes the KubeFedCluster, or brings it up to date. */
export async function register(request: Registration, context: JoinContext): Promise<void> {
  const cluster = clusterObject(request, context);
  try {
    await request.controlPlane.create(kubeFedClusters, cluster);
    context.undo.unshift(() => removeQuietly(request.controlPlane, kubeFedClusters, request.name));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const brings = { [annotations.agentCredential]: request.bringsCredential ? "true" : null };
    const metadata = { labels: cluster.metadata.labels, annotations: brings };
    const body = { metadata, spec: cluster["spec"] };
    const before = await request.controlPlane.get(kubeFedClusters, request.name);
    await request.controlPlane.patch(kubeFedClusters, request.name, { type: "merge", body });
    context.before = before;
    context.undo.unshift(() => restore(request, before));
  }
}

/** A cluster that was joined before stays joined as it was. */
async function restore(request: Registration, before: KubernetesObject): Promise<void> {
  const current = await request.controlPlane.get(kubeFedClusters, request.name);
  await request.controlPlane.update(kubeFedClusters, { ...current, spec: before["spec"] });
}

function clusterObject(request: Registration, context: JoinContext): KubernetesObject {
  const { caBundle } = context;
  return {
    apiVersion: "core.kubefed.io/v1beta1",
    kind: "KubeFedCluster",
    metadata: {
      name: request.name,
      namespace: systemNamespace,
      ...(request.bringsCredential
        ? { annotations: { [annotations.agentCredential]: "true" } }
        : {}),
      labels: {
        ...(request.tenant === undefined ? {} : { "cellplane.io/tenant": request.tenant }),
        ...(request.workspaceGroup === undefined
          ? {}
          : { "cellplane.io/workspace-group": request.workspaceGroup }),
      },
    },
    spec: {
      apiEndpoint: request.connection.server,
      secretRef: { name: context.secretName ?? "" },
      ...(request.tunnel === undefined ? {} : { connection: "Tunnel" }),
      ...(caBundle === undefined ? {} : { caBundle: Buffer.from(caBundle).toString("base64") }),
      ...(request.connection.insecureSkipTlsVerify === true
        ? { disabledTLSValidations: ["*"] }
        : {}),
      ...(request.connection.proxyUrl === undefined
        ? {}
        : { proxyURL: request.connection.proxyUrl }),
    },
  };
}
