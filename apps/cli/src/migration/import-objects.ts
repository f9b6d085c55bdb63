import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath } from "@cellplane/client";
import {
  annotations,
  type ClusterVersion,
  type FederatedObject,
  groups,
  type PropagatedVersion,
  type PropagatedVersionStatus,
} from "@cellplane/federation";
import { namespaces } from "../membership/system-namespace.ts";
import { findObject } from "../types/ensure-object.ts";
import { federatedPath } from "../types/type-configs.ts";
import type { ControlPlaneState } from "./control-plane-state.ts";
import type { KubefedHost } from "./kubefed-host.ts";
import { copyOf, ledgerNameOf, type MigrationItem, migrationMark } from "./plan-migration.ts";

// A kind that was made just now is served a moment later.
const servedWithinMs = 20_000;
const retryMs = 250;

/** Makes the namespaces of what is copied, as the host has them, where there are none here. */
export async function importNamespaces(
  items: readonly MigrationItem[],
  host: KubefedHost,
  here: ControlPlaneState,
): Promise<readonly string[]> {
  const wanted = new Set(items.flatMap(({ source }) => source.object.metadata.namespace ?? []));
  const missing = Array.from(wanted).filter((name) => !here.namespaces.has(name));
  for (const name of missing) {
    const { labels: set, annotations: notes } = host.namespaces.get(name)?.metadata ?? {};
    const metadata = {
      name,
      ...(set === undefined ? {} : { labels: set }),
      ...(notes === undefined ? {} : { annotations: notes }),
    };
    await here.client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata });
  }
  return missing;
}

/**
 * Copies a federated object with KubeFed's ledger. It is held by an empty mask from its first
 * moment, so nothing is written to any member whatever it turns out to be.
 */
export async function importObject(
  item: MigrationItem,
  host: KubefedHost,
  here: ControlPlaneState,
): Promise<void> {
  const { namespace, name = "" } = item.source.object.metadata;
  const path = federatedPath(item.config, namespace);
  const copy = item.copy ?? (await createCopy(path, copyOf(item, host), here));
  await importLedger(item, copy, here);
  if (copy.metadata.annotations?.[annotations.migration] !== migrationMark("copied", host)) return;
  // Only now: it is looked at anew for this change, and then knows the ledger.
  const body = {
    metadata: { annotations: { [annotations.migration]: migrationMark("held", host) } },
  };
  await here.client.patch(path, name, { type: "merge", body });
}

/** Takes the mask away from a copy that is in step. */
export async function releaseObject(
  { source, config }: MigrationItem,
  host: KubefedHost,
  here: ControlPlaneState,
): Promise<void> {
  const { namespace, name = "" } = source.object.metadata;
  const mark = migrationMark("released", host);
  const body = {
    metadata: { annotations: { [annotations.migration]: mark } },
    spec: { placementMask: null },
  };
  await here.client.patch(federatedPath(config, namespace), name, { type: "merge", body });
}

/** Where the ledgers of namespaced, or of cluster-scoped, federated objects are. */
export function ledgerPath(namespace: string | undefined): ResourcePath {
  const core = { group: groups.core, version: "v1alpha1" };
  return namespace === undefined
    ? { ...core, resource: "clusterpropagatedversions" }
    : { ...core, resource: "propagatedversions", namespace };
}

async function createCopy(
  path: ResourcePath,
  copy: FederatedObject,
  here: ControlPlaneState,
): Promise<KubernetesObject> {
  const signal = AbortSignal.timeout(servedWithinMs);
  for (;;) {
    try {
      return await here.client.create(path, copy);
    } catch (error) {
      if (isStatus(error, "AlreadyExists")) return here.client.get(path, copy.metadata.name ?? "");
      if (!isStatus(error, "NotFound") || signal.aborted) throw error;
      await abortableDelay(retryMs, signal).catch(() => undefined);
    }
  }
}

async function importLedger(
  item: MigrationItem,
  copy: KubernetesObject,
  here: ControlPlaneState,
): Promise<void> {
  const theirs = item.source.ledger?.status;
  if (theirs === undefined) return;
  const { namespace, name: owner = "", uid = "" } = copy.metadata;
  const path = ledgerPath(namespace);
  const name = ledgerNameOf(item);
  const { apiVersion = "", kind = "" } = copyKind(item);
  const whole = {
    apiVersion: `${groups.core}/v1alpha1`,
    kind: namespace === undefined ? "ClusterPropagatedVersion" : "PropagatedVersion",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [{ apiVersion, kind, name: owner, uid }],
    },
    status: theirs,
  };
  for (;;) {
    const current = await findObject(here.client, path, name);
    try {
      const stored: PropagatedVersion = current ?? (await here.client.create(path, whole));
      const status = mergeLedgers(stored.status, theirs);
      if (status === stored.status) return;
      await here.client.update(path, { ...stored, status }, { subresource: "status" });
      return;
    } catch (error) {
      // The control plane has just written it, too.
      if (!isStatus(error, "Conflict") && !isStatus(error, "AlreadyExists")) throw error;
    }
  }
}

/**
 * KubeFed's entries where this control plane has none yet. What it has found out by itself stays;
 * of another template than that, KubeFed's entries say nothing.
 */
export function mergeLedgers(
  ours: PropagatedVersionStatus | undefined,
  theirs: PropagatedVersionStatus,
): PropagatedVersionStatus {
  const own = ours?.clusterVersions ?? [];
  if (ours === undefined || own.length === 0) return theirs;
  const isSame =
    ours.templateVersion === theirs.templateVersion &&
    ours.overridesVersion === theirs.overridesVersion;
  const known = new Set(own.map(({ clusterName }) => clusterName));
  const missing = (theirs.clusterVersions ?? []).filter(
    ({ clusterName }) => !known.has(clusterName),
  );
  if (!isSame || missing.length === 0) return ours;
  const all = [...own, ...missing].sort(byCluster);
  return { ...ours, clusterVersions: all };
}

function byCluster(left: ClusterVersion, right: ClusterVersion): number {
  return left.clusterName < right.clusterName ? -1 : 1;
}

function copyKind({ config }: MigrationItem): Pick<KubernetesObject, "apiVersion" | "kind"> {
  const { group = "", version, kind } = config.spec.federatedType;
  return { apiVersion: `${group}/${version}`, kind };
}
