import { isJsonObject, type JsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import {
  annotations,
  clusterViewVersion,
  kubefed,
  labels,
  topologyViewVersion,
} from "../api/names.ts";
import { clusterTopologyType } from "../api/topology-type.ts";
import {
  normalizeCarries,
  topologyTypeOf,
  viewOf,
} from "../conversion/convert-federated-object.ts";
import type { FederatedContext, FederatedWrite } from "./federated-context.ts";
import { specOf } from "./view-words.ts";

/**
 * The object as it is to be stored: defaults and the finalizer of a type that is propagated filled
 * in, and what an update may not drop put back
 * (the carry of the other view, the finalizer, tenant labels, the topology's label).
 */
export function prepareFederatedObject(
  { object, old }: FederatedWrite,
  context: FederatedContext,
): KubernetesObject {
  const carried = old === undefined ? object : restoreCarry(object, old);
  const typed = fillTopology(carried, old, context);
  const owned = fillTenant(typed, context);
  const kept =
    old === undefined ? addFinalizer(owned, context) : keepFinalizer(owned, old, context);
  return normalizeCarries(kept);
}

// Whoever reads and writes one view never sees the other's, and must not lose it.
function restoreCarry(object: KubernetesObject, old: KubernetesObject): KubernetesObject {
  const key =
    viewOf(object) === clusterViewVersion ? annotations.topologyCarry : annotations.clusterCarry;
  const before = old.metadata.annotations?.[key];
  const { annotations: set } = object.metadata;
  if (before === undefined || set?.[key] !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, annotations: { ...set, [key]: before } } };
}

function fillTopology(
  object: KubernetesObject,
  old: KubernetesObject | undefined,
  { topologyTypes }: FederatedContext,
): KubernetesObject {
  const spec = specOf(object);
  const type = topologyTypeOf(object);
  const before = old && specOf(old)["topologyKey"];
  const topologyKey = spec["topologyKey"] ?? before ?? topologyTypes.get(type)?.label;
  const shown = viewOf(object) === topologyViewVersion && spec["topologyType"] === undefined;
  const filled: JsonObject = {
    ...(shown ? { topologyType: clusterTopologyType } : {}),
    ...(topologyKey === undefined || spec["topologyKey"] !== undefined ? {} : { topologyKey }),
  };
  if (!isJsonObject(object["spec"]) || Object.keys(filled).length === 0) return object;
  return { ...object, spec: { ...spec, ...filled } };
}

function fillTenant(object: KubernetesObject, context: FederatedContext): KubernetesObject {
  const { tenant, isolation } = context;
  if (isolation === "off" || tenant.tenant === "") return object;
  const set = object.metadata.labels ?? {};
  const wanted = { [labels.tenant]: tenant.tenant, [labels.workspaceGroup]: tenant.workspaceGroup };
  const missing = Object.entries(wanted).filter(([key]) => set[key] === undefined);
  if (missing.length === 0) return object;
  const filled = { ...set, ...Object.fromEntries(missing) };
  return { ...object, metadata: { ...object.metadata, labels: filled } };
}

// From the first moment on: its controller then need not add it by a write of its own.
function addFinalizer(
  object: KubernetesObject,
  { typeConfig }: FederatedContext,
): KubernetesObject {
  const { finalizers = [] } = object.metadata;
  if (typeConfig.propagation !== "Enabled" || finalizers.includes(kubefed.syncFinalizer)) {
    return object;
  }
  const added = [...finalizers, kubefed.syncFinalizer];
  return { ...object, metadata: { ...object.metadata, finalizers: added } };
}

function keepFinalizer(
  object: KubernetesObject,
  old: KubernetesObject,
  { actor }: FederatedContext,
): KubernetesObject {
  const { finalizers = [] } = object.metadata;
  const had = old.metadata.finalizers?.includes(kubefed.syncFinalizer) ?? false;
  if (actor === "controller" || !had || finalizers.includes(kubefed.syncFinalizer)) return object;
  const kept = [...finalizers, kubefed.syncFinalizer];
  return { ...object, metadata: { ...object.metadata, finalizers: kept } };
}
