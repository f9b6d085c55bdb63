import { isStatus, type KubernetesObject, StatusError } from "@cellplane/apimachinery";
import { ConnectionError, type RestClient } from "@cellplane/client";
import { annotations, labels } from "@cellplane/federation";
import { type Step } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { readControlPlaneId } from "./join-cluster.ts";
import { leaveWorkloads } from "./leave-workloads.ts";
import { describeLeftovers, isByAgent, isTunnelled, removeAgent } from "./member-leftovers.ts";
import { accountName, removeMemberAccount, removeQuietly } from "./member-account.ts";
import { connectThrough, removeRole, tieToRole } from "./remove-through-agent.ts";
import { removeReplacedSecret } from "./replaced-secret.ts";
import { kubeFedClusters } from "./system-namespace.ts";

/** What `unjoin` is asked to do. */
export interface UnjoinRequest {
  readonly name: string;
  readonly controlPlane: RestClient;
  /** Absent: the member's side is left as it is. */
  readonly member: RestClient | undefined;
  /** Somebody said that it should be. Needed unless the cluster's agents bring its credential. */
  readonly leavesMember: boolean;
  /** `release`: they stay, without label and annotations of ours. */
  readonly workloads: "leave" | "remove" | "release";
  /** Go on although ledger entries stand in the cluster. */
  readonly abandon: boolean;
}

/** What the steps hand on. */
export interface UnjoinContext {
  cluster?: KubernetesObject;
  controlPlaneId?: string;
  /** The member, where it is to be cleaned up through its agent. */
  through?: RestClient;
  /** The cluster and its cells, by the names of their KubeFedClusters. */
  members?: readonly string[];
}

const titles = {
  remove: "Remove the objects that this control plane put there",
  release: "Let go of the objects that this control plane put there",
} as const;

/** The steps of leaving. The control plane lets go first, so that nothing is written meanwhile. */
export function planUnjoin(request: UnjoinRequest): readonly Step<UnjoinContext>[] {
  const { member, workloads } = request;
  return [
    { title: `Look up "${request.name}"`, run: (context) => lookUp(request, context) },
    { title: "Take it out of the control plane", run: (context) => deregister(request, context) },
    ...(member && workloads !== "leave"
      ? [
          {
            title: titles[workloads],
            run: (context: UnjoinContext, tell: (text: string) => void): Promise<void> =>
              leaveWorkloads({
                controlPlane: request.controlPlane,
                member,
                controlPlaneId: context.controlPlaneId ?? "",
                members: context.members ?? [],
                act: workloads,
                tell,
              }),
          },
        ]
      : []),
    ...(member
      ? [
          {
            title: "Remove the account in the member",
            run: (context: UnjoinContext): Promise<void> => cleanUp(member, request.name, context),
          },
        ]
      : []),
  ];
}

async function cleanUp(
  member: RestClient,
  cluster: string,
  { controlPlaneId = "", cluster: joined }: UnjoinContext,
): Promise<void> {
  const account = accountName(controlPlaneId, cluster);
  if (joined && isTunnelled(joined)) await removeAgent(member, { cluster, account });
  await removeMemberAccount(member, account);
}

async function lookUp(request: UnjoinRequest, context: UnjoinContext): Promise<void> {
  context.controlPlaneId = await readControlPlaneId(request.controlPlane);
  try {
    context.cluster = await request.controlPlane.get(kubeFedClusters, request.name);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    const known = await request.controlPlane.list(kubeFedClusters);
    const names = known.items.map((each) => `"${each.metadata.name ?? ""}"`).join(", ");
    throw new CliError(
      `Cannot unjoin "${request.name}" as no such cluster is joined: ${names === "" ? "none is" : `there are ${names}`}`,
      { cause: error },
    );
  }
  if (!request.member && !request.leavesMember) {
    await lookThrough(request, context.cluster, context);
  }
  const { items } = await request.controlPlane.list(kubeFedClusters);
  const cells = items.filter(({ metadata }) => metadata.labels?.[labels.cluster] === request.name);
  context.members = [request.name, ...cells.map(({ metadata }) => metadata.name ?? "")];
  if (!request.member) return;
  try {
    await request.member.raw({ method: "GET", path: "/version" });
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    throw new CliError(
      `Cannot unjoin: ${error.message}; nothing was changed. Leave the member as it is with --keep-member-account`,
      { cause: error },
    );
  }
}

/** Where nobody gave a kubeconfig, its agent may still lead to the member, as the caller. */
async function lookThrough(
  { name, controlPlane }: UnjoinRequest,
  cluster: KubernetesObject,
  context: UnjoinContext,
): Promise<void> {
  let why = "";
  if (isTunnelled(cluster)) {
    const member = connectThrough(controlPlane, name);
    try {
      await tieToRole(member, {
        cluster: name,
        account: accountName(context.controlPlaneId ?? "", name),
      });
      context.through = member;
      return;
    } catch (error) {
      if (!(error instanceof StatusError) && !(error instanceof ConnectionError)) throw error;
      why = `; through its agent it is not reached: ${error.message}`;
    }
  }
  if (isByAgent(cluster)) return;
  throw new CliError(
    `Cannot unjoin as the member must be cleaned up, too: give --member-kubeconfig, or leave it with --keep-member-account${why}`,
  );
}

/** What is left in the member, in words; nothing where it was cleaned up. */
export function leftoversOf({ name, member }: UnjoinRequest, context: UnjoinContext): string {
  if (member || context.through || !context.cluster) return "";
  return describeLeftovers(context.cluster, accountName(context.controlPlaneId ?? "", name));
}

async function deregister(request: UnjoinRequest, context: UnjoinContext): Promise<void> {
  if (request.abandon) {
    const body = { metadata: { annotations: { [annotations.abandon]: "true" } } };
    await request.controlPlane.patch(kubeFedClusters, request.name, { type: "merge", body });
  }
  if (context.through) {
    // It may be refused, and then the account must stay.
    await request.controlPlane.delete(kubeFedClusters, request.name, { dryRun: true });
    await removeRole(context.through, accountName(context.controlPlaneId ?? "", request.name));
  }
  await removeQuietly(request.controlPlane, kubeFedClusters, request.name);
  if (context.cluster) await removeReplacedSecret(request.controlPlane, context.cluster);
}
