import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { RestClient } from "@cellplane/client";
import type { ConnectionSettings } from "@cellplane/client/node";
import { type Step } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { checkMember, explainMemberRefusal } from "./check-member.ts";
import { accountName, ensureMemberAccount, removeQuietly, type Undo } from "./member-account.ts";
import { computeMemberRules } from "./member-rights.ts";
import {
  federatedTypeConfigs,
  kubeFedClusters,
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
  readonly timeoutMs: number;
}

/** What the steps hand on to one another. */
export interface JoinContext {
  readonly undo: Undo;
  version?: string;
  controlPlaneId?: string;
  token?: string;
  caBundle?: string;
  secretName?: string;
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
    {
      title: "Create the account in the member",
      run: (context) => createAccount(request, context),
    },
    { title: "Store its credential", run: (context) => storeCredential(request, context) },
    { title: `Register "${request.name}"`, run: (context) => register(request, context) },
    {
      title: "Wait until it is Ready",
      run: (_context, tell) =>
        waitForReady(request.controlPlane, request.name, request.timeoutMs, tell),
    },
  ];
}

/** The id of a control plane: the uid of its namespace `kube-system`, which lives as long as its data. */
export async function readControlPlaneId(controlPlane: RestClient): Promise<string> {
  const namespace = await controlPlane.get(namespaces, "kube-system");
  return namespace.metadata.uid ?? "";
}

async function lookAtControlPlane(request: JoinRequest, context: JoinContext): Promise<void> {
  context.controlPlaneId = await readControlPlaneId(request.controlPlane);
  try {
    await request.controlPlane.get(namespaces, systemNamespace);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    throw new CliError(
      `Cannot join as ${request.controlPlane.server} has no namespace "${systemNamespace}": is it a cellplane control plane? Choose it with --kubeconfig and --context`,
      { cause: error },
    );
  }
  const existing = await findCluster(request);
  const endpoint = (existing?.["spec"] as { readonly apiEndpoint?: string } | undefined)
    ?.apiEndpoint;
  if (existing && endpoint !== request.connection.server) {
    throw new CliError(
      `Cannot join as a cluster "${request.name}" is registered already, at ${endpoint ?? "?"}; choose another name or unjoin it first`,
    );
  }
}

async function findCluster(request: JoinRequest): Promise<KubernetesObject | undefined> {
  try {
    return await request.controlPlane.get(kubeFedClusters, request.name);
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

async function createAccount(request: JoinRequest, context: JoinContext): Promise<void> {
  const configs = await request.controlPlane.list(federatedTypeConfigs);
  const name = accountName(context.controlPlaneId ?? "", request.name);
  const rules = computeMemberRules(configs.items);
  try {
    const account = await ensureMemberAccount(request.member, name, rules, context.undo);
    context.token = account.token;
    const caBundle = request.connection.caBundle ?? account.caBundle;
    if (caBundle !== undefined) context.caBundle = caBundle;
  } catch (error) {
    throw explainMemberRefusal(error);
  }
}

async function storeCredential(request: JoinRequest, context: JoinContext): Promise<void> {
  const encode = (text: string): string => Buffer.from(text, "utf8").toString("base64");
  const name = `${request.name}-credential`;
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels: { "app.kubernetes.io/managed-by": "cellplane" } },
    type: "Opaque",
    data: {
      token: encode(context.token ?? ""),
      ...(context.caBundle === undefined ? {} : { "ca.crt": encode(context.caBundle) }),
    },
  };
  context.secretName = name;
  try {
    await request.controlPlane.create(systemSecrets, secret);
    context.undo.unshift(() => removeQuietly(request.controlPlane, systemSecrets, name));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    await request.controlPlane.patch(systemSecrets, name, {
      type: "merge",
      body: { data: secret.data },
    });
  }
}

async function register(request: JoinRequest, context: JoinContext): Promise<void> {
  const cluster = clusterObject(request, context);
  try {
    await request.controlPlane.create(kubeFedClusters, cluster);
    context.undo.unshift(() => removeQuietly(request.controlPlane, kubeFedClusters, request.name));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
    const body = { metadata: { labels: cluster.metadata.labels }, spec: cluster["spec"] };
    await request.controlPlane.patch(kubeFedClusters, request.name, { type: "merge", body });
  }
}

function clusterObject(request: JoinRequest, context: JoinContext): KubernetesObject {
  const { caBundle } = context;
  return {
    apiVersion: "core.kubefed.io/v1beta1",
    kind: "KubeFedCluster",
    metadata: {
      name: request.name,
      namespace: systemNamespace,
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
      ...(caBundle === undefined ? {} : { caBundle: Buffer.from(caBundle).toString("base64") }),
      ...(request.connection.insecureSkipTlsVerify === true
        ? { disabledTLSValidations: ["*"] }
        : {}),
    },
  };
}
