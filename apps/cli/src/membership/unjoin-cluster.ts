import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { ConnectionError, discoverResources, type RestClient } from "@cellplane/client";
import { type Step } from "../output/progress.ts";
import { CliError } from "../program/cli-error.ts";
import { groupsIn } from "../program/groups-in.ts";
import { readControlPlaneId } from "./join-cluster.ts";
import { accountName, removeMemberAccount, removeQuietly } from "./member-account.ts";
import { federatedTypeConfigs, kubeFedClusters, systemSecrets } from "./system-namespace.ts";

const managedLabel = "kubefed.io/managed=true";
const sourceAnnotation = "federation.cellplane.io/source";
const abandonAnnotation = "federation.cellplane.io/abandon";

/** What `unjoin` is asked to do. */
export interface UnjoinRequest {
  readonly name: string;
  readonly controlPlane: RestClient;
  /** Absent: the member's side is left as it is. */
  readonly member: RestClient | undefined;
  readonly removeWorkloads: boolean;
  /** Go on although ledger entries stand in the cluster. */
  readonly abandon: boolean;
}

/** What the steps hand on. */
export interface UnjoinContext {
  cluster?: KubernetesObject;
  controlPlaneId?: string;
}

/** The steps of leaving. The control plane lets go first, so that nothing is written meanwhile. */
export function planUnjoin(request: UnjoinRequest): readonly Step<UnjoinContext>[] {
  const { member } = request;
  return [
    { title: `Look up "${request.name}"`, run: (context) => lookUp(request, context) },
    { title: "Take it out of the control plane", run: (context) => deregister(request, context) },
    ...(member && request.removeWorkloads
      ? [
          {
            title: "Remove the objects that this control plane put there",
            run: (context: UnjoinContext, tell: (text: string) => void): Promise<void> =>
              removeWorkloads(request, member, context, tell),
          },
        ]
      : []),
    ...(member
      ? [
          {
            title: "Remove the account in the member",
            run: (context: UnjoinContext): Promise<void> =>
              removeMemberAccount(member, accountName(context.controlPlaneId ?? "", request.name)),
          },
        ]
      : []),
  ];
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

async function deregister(request: UnjoinRequest, context: UnjoinContext): Promise<void> {
  if (request.abandon) {
    const body = { metadata: { annotations: { [abandonAnnotation]: "true" } } };
    await request.controlPlane.patch(kubeFedClusters, request.name, { type: "merge", body });
  }
  await removeQuietly(request.controlPlane, kubeFedClusters, request.name);
  const spec = context.cluster?.["spec"];
  const secretRef = isJsonObject(spec) ? spec["secretRef"] : undefined;
  const secret = isJsonObject(secretRef) ? secretRef["name"] : undefined;
  if (typeof secret === "string") {
    await removeQuietly(request.controlPlane, systemSecrets, secret);
  }
}

async function removeWorkloads(
  request: UnjoinRequest,
  member: RestClient,
  context: UnjoinContext,
  tell: (text: string) => void,
): Promise<void> {
  const configs = await request.controlPlane.list(federatedTypeConfigs);
  const targets = new Set(configs.items.map((config) => config.metadata.name ?? ""));
  const groups = groupsIn(Array.from(targets));
  const { resources } = await discoverResources(member, undefined, { groups });
  const seen = new Set<string>();
  let removed = 0;
  for (const resource of resources) {
    const name =
      resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
    // Namespaces go with what made them, never as a by-product.
    if (!targets.has(name) || seen.has(name) || name === "namespaces") continue;
    seen.add(name);
    const { items } = await member.list(resource, { labelSelector: managedLabel });
    for (const object of items.filter((each) => isOurs(each, context.controlPlaneId ?? ""))) {
      const { namespace } = object.metadata;
      const path = namespace === undefined ? resource : { ...resource, namespace };
      await removeQuietly(member, path, object.metadata.name ?? "");
      tell(`${++removed} removed`);
    }
  }
}

function isOurs(object: KubernetesObject, controlPlaneId: string): boolean {
  const source = object.metadata.annotations?.[sourceAnnotation] ?? "";
  return controlPlaneId !== "" && source.startsWith(controlPlaneId);
}
