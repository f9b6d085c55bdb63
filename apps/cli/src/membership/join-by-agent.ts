import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type KubernetesObject, stringifyYaml } from "@cellplane/apimachinery";
import type { Step } from "../output/progress.ts";
import { accountObjects } from "./account-manifest.ts";
import { type AgentAccess, certifyAgent, writeAgentAccess } from "./agent-certificate.ts";
import { agentObjects } from "./agent-manifest.ts";
import { type JoinContext, lookAtControlPlane, readScope, register } from "./join-cluster.ts";
import type { Registration } from "./join-cluster.ts";
import { accountName } from "./member-account.ts";
import { computeMemberRights, impersonationRules } from "./member-rights.ts";
import { federatedTypeConfigs } from "./system-namespace.ts";
import { waitForReady } from "./wait-for-ready.ts";

/** A cluster whose API server only its own side can reach. */
export interface AgentJoinRequest extends Registration {
  /** Lets the control plane act there for its users. */
  readonly allowsProxy: boolean;
  /** Of the agent in the manifest. */
  readonly image: string;
  /** Where the agent's credential and `account.yaml` go; absent: all is one manifest. */
  readonly folder: string | undefined;
  readonly timeoutMs: number;
}

/** What is left to do on the member's side. */
export interface AgentJoinContext extends JoinContext {
  account?: string;
  objects?: readonly KubernetesObject[];
  access?: AgentAccess;
}

/** The steps of joining without a look at the member: its agent brings the credential later. */
export function planJoinByAgent(request: AgentJoinRequest): readonly Step<AgentJoinContext>[] {
  return [
    {
      title: "Look at the control plane",
      run: async (context) => {
        await lookAtControlPlane(request, context);
        await planAccount(request, context);
      },
    },
    {
      title: `Register "${request.name}"`,
      run: (context) => {
        // The Secret comes with the agent.
        context.secretName = `${request.name}-credential`;
        return register(request, context);
      },
    },
    {
      title: `Certify the agent of "${request.name}"`,
      run: async (context) => {
        context.access = await certifyAgent(request.controlPlane, request.name, context.undo);
        await hand(request, context);
      },
    },
  ];
}

/** Waits for the agent and its token; the cluster stays registered if they do not come. */
export function planWait({
  controlPlane,
  name,
  timeoutMs,
}: AgentJoinRequest): readonly Step<AgentJoinContext>[] {
  return [
    {
      title: "Wait until it is Ready",
      run: (_, tell) => waitForReady(controlPlane, { name, timeoutMs, staysJoined: true }, tell),
    },
  ];
}

async function planAccount(request: AgentJoinRequest, context: AgentJoinContext): Promise<void> {
  const { controlPlane, name, allowsProxy } = request;
  const configs = await controlPlane.list(federatedTypeConfigs);
  const { cluster, namespace } = computeMemberRights(configs.items, await readScope(controlPlane));
  const rights = { cluster: [...cluster, ...(allowsProxy ? impersonationRules : [])], namespace };
  context.account = accountName(context.controlPlaneId ?? "", name);
  context.objects = accountObjects(context.account, rights);
}

async function hand(request: AgentJoinRequest, context: AgentJoinContext): Promise<void> {
  const { name: cluster, image, folder } = request;
  const { access, objects = [], account = "" } = context;
  if (!access) return;
  if (folder !== undefined) {
    await writeAgentAccess(folder, access, context.undo);
    await writeFile(join(folder, "account.yaml"), renderYaml(objects));
    return;
  }
  const agent = agentObjects({ cluster, access, image, tokenAccount: account });
  // Its namespace and its own account are there already.
  const further = agent.filter(({ kind }) => kind !== "Namespace" && kind !== "ServiceAccount");
  context.objects = [...objects, ...further];
}

/** YAML documents for `kubectl apply -f -`. */
export function renderYaml(objects: readonly KubernetesObject[]): string {
  return objects.map(stringifyYaml).join("---\n");
}
