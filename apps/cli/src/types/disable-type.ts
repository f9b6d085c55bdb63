import { isJsonObject, isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import {
  defaultTypeConfigs,
  type FederatedTypeConfig,
  kubefed,
  listed,
} from "@cellplane/federation";
import { removeQuietly } from "../membership/member-account.ts";
import { federatedTypeConfigs, systemNamespace } from "../membership/system-namespace.ts";
import { CliError } from "../program/cli-error.ts";
import { crds } from "./enable-type.ts";
import { federatedPath } from "./type-configs.ts";

/** What `disable` is asked to do. */
export interface DisableRequest {
  readonly controlPlane: RestClient;
  readonly config: FederatedTypeConfig;
  readonly deleteCrd: boolean;
  /** Let go of the federated objects that exist: their copies stay, unmanaged. */
  readonly orphan: boolean;
  readonly timeoutMs: number;
  readonly tell: (line: string) => void;
}

/** Whether a type comes with the control plane, which makes it again whenever it starts. */
export function isDefaultType({ metadata }: KubernetesObject): boolean {
  return defaultTypeConfigs().some((each) => each.metadata.name === metadata.name);
}

/** Refuses, before anything is written, what would leave objects that nobody can delete. */
export async function checkDisable(request: DisableRequest): Promise<void> {
  const { config, deleteCrd, orphan, controlPlane } = request;
  const name = config.metadata.name ?? "";
  if (deleteCrd && isDefaultType(config)) {
    throw new CliError(
      `Cannot delete the CRD of ${name} as it comes with the control plane, which would make it again; leave --delete-crd out`,
    );
  }
  if (orphan) return;
  const { items } = await controlPlane.list(federatedPath(config));
  if (items.length > 0) throw new CliError(refusal(config, items));
}

/**
 * Ends a type's propagation for good. No federated object is left with a finalizer that nobody
 * would take away any more, and not one write goes to a member.
 */
export async function disableType(request: DisableRequest): Promise<void> {
  const { config, controlPlane, deleteCrd, orphan, tell } = request;
  const name = config.metadata.name ?? "";
  const before = config.spec.propagation;
  await setPropagation(controlPlane, name, "Disabled");
  tell(`Disabled propagation for FederatedTypeConfig "${systemNamespace}/${name}"`);
  tell(
    `Verifying propagation controller is stopped for FederatedTypeConfig "${systemNamespace}/${name}"`,
  );
  await waitUntilStopped(request);
  tell(`Propagation controller for FederatedTypeConfig "${systemNamespace}/${name}" is stopped`);
  const { items } = await controlPlane.list(federatedPath(config));
  if (items.length > 0 && !orphan) {
    // Made since it was checked: nothing has been undone that cannot be put back.
    await setPropagation(controlPlane, name, before);
    throw new CliError(refusal(config, items));
  }
  // Once it is no federated type any more, admission puts no finalizer back.
  await removeQuietly(controlPlane, federatedTypeConfigs, name);
  for (const object of items) await letGo(controlPlane, federatedPath(config), object);
  if (items.length > 0) {
    tell(`Let go of ${items.length} federated objects; their copies in members stay, unmanaged`);
  }
  if (deleteCrd) {
    const crd = `${config.spec.federatedType.pluralName}.${config.spec.federatedType.group ?? ""}`;
    await removeQuietly(controlPlane, crds, crd);
    tell(`customresourcedefinition "${crd}" deleted`);
  }
  if (!isDefaultType(config)) {
    tell(`federatedtypeconfig "${systemNamespace}/${name}" deleted`);
    return;
  }
  await controlPlane.create(federatedTypeConfigs, keptOff(config));
  tell(
    `federatedtypeconfig "${systemNamespace}/${name}" stays, with propagation Disabled, as it comes with the control plane`,
  );
}

function refusal(config: FederatedTypeConfig, items: readonly KubernetesObject[]): string {
  const names = items.map(({ metadata: { namespace, name = "" } }) =>
    namespace === undefined ? name : `${namespace}/${name}`,
  );
  const { kind } = config.spec.federatedType;
  return `Cannot disable ${config.metadata.name ?? ""} as there are ${items.length} ${kind} objects: ${listed(names)}. Delete them first; or let go of them with --orphan, which leaves their copies in members; or only pause with spec.propagation: Disabled in the FederatedTypeConfig`;
}

async function setPropagation(
  controlPlane: RestClient,
  name: string,
  propagation: FederatedTypeConfig["spec"]["propagation"],
): Promise<void> {
  const body = { spec: { propagation } };
  await controlPlane.patch(federatedTypeConfigs, name, { type: "merge", body });
}

async function waitUntilStopped({
  controlPlane,
  config,
  timeoutMs,
}: DisableRequest): Promise<void> {
  const name = config.metadata.name ?? "";
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    while (!signal.aborted) {
      const query = { fieldSelector: `metadata.name=${name}` };
      for await (const { type, object } of controlPlane.watch(
        federatedTypeConfigs,
        query,
        signal,
      )) {
        if (type === "DELETED" || isStopped(object)) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  throw new CliError(
    `Cannot disable ${name} as its propagation controller did not stop within ${timeoutMs / 1000} s: is the control plane's controller running? Propagation stays Disabled`,
  );
}

function isStopped({ metadata, status }: KubernetesObject): boolean {
  if (!isJsonObject(status)) return false;
  const { observedGeneration, propagationController } = status;
  return (
    propagationController === "NotRunning" &&
    Number(observedGeneration) >= (metadata.generation ?? 0)
  );
}

async function letGo(
  controlPlane: RestClient,
  path: ResourcePath,
  { metadata }: KubernetesObject,
): Promise<void> {
  const { name = "", namespace, finalizers = [] } = metadata;
  if (!finalizers.includes(kubefed.syncFinalizer)) return;
  const others = finalizers.filter((each) => each !== kubefed.syncFinalizer);
  const body = { metadata: { finalizers: others } };
  const at = namespace === undefined ? path : { ...path, namespace };
  try {
    await controlPlane.patch(at, name, { type: "merge", body });
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

function keptOff({ apiVersion, kind, metadata, spec }: FederatedTypeConfig): KubernetesObject {
  const { name = "", labels, annotations } = metadata;
  return {
    apiVersion: apiVersion ?? "core.kubefed.io/v1beta1",
    kind: kind ?? "FederatedTypeConfig",
    metadata: {
      name,
      namespace: systemNamespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: { ...spec, propagation: "Disabled" },
  };
}
