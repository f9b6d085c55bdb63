import type { KubernetesObject, ObjectMeta, OwnerReference } from "@cellplane/apimachinery";

/** What the server decides of a new object's metadata. */
export interface NewMetadata {
  readonly uid: string;
  readonly nowMs: number;
  readonly namespace: string;
  readonly name: string;
  readonly tracksGeneration: boolean;
}

/** The metadata of a new object: what clients may not set is set by the server or left out. */
export function prepareNewMetadata(meta: ObjectMeta, options: NewMetadata): ObjectMeta {
  const {
    name: _name,
    generateName,
    namespace: _namespace,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    ...rest
  } = meta;
  const kept = options.tracksGeneration ? 1 : generation;
  return compact({
    name: options.name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(options.namespace === "" ? {} : { namespace: options.namespace }),
    uid: options.uid,
    ...(kept === undefined || kept === 0 ? {} : { generation: kept }),
    creationTimestamp: formatTime(options.nowMs),
    ...rest,
  });
}

/** The metadata of a changed object: what the client left out or may not change is the old one's. */
export function prepareChangedMetadata(meta: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { resourceVersion: _, creationTimestamp: _created, ...rest } = meta;
  return compact({
    ...rest,
    ...take(old, "name", rest.name ?? ""),
    ...take(old, "namespace", rest.namespace ?? ""),
    ...take(old, "uid", rest.uid ?? ""),
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: rest.deletionTimestamp ?? old.deletionTimestamp,
    deletionGracePeriodSeconds: rest.deletionGracePeriodSeconds ?? old.deletionGracePeriodSeconds,
    resourceVersion: old.resourceVersion,
  } as ObjectMeta);
}

/** The object with other metadata; kind, apiVersion and metadata come first, as they are stored. */
export function withMetadata(object: KubernetesObject, metadata: ObjectMeta): KubernetesObject {
  const { kind, apiVersion, metadata: _, ...rest } = object;
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    metadata,
    ...rest,
  };
}

/** The object with the resourceVersion that the store gave it; `undefined` for none (dry run). */
export function withRevision(
  object: KubernetesObject,
  revision: number | undefined,
): KubernetesObject {
  const { resourceVersion: _, ...meta } = object.metadata;
  if (revision === undefined) return withMetadata(object, meta);
  return withMetadata(object, { ...meta, resourceVersion: String(revision) });
}

/** RFC 3339 in UTC with second precision. */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** UIDs that stand in more than one owner reference. */
export function duplicateOwners(owners: readonly OwnerReference[]): readonly string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { uid } of owners) {
    if (seen.has(uid)) twice.add(uid);
    seen.add(uid);
  }
  return [...twice];
}

function take(
  old: ObjectMeta,
  key: "name" | "namespace" | "uid",
  given: string,
): Readonly<Record<string, string>> {
  const value = given === "" ? old[key] : given;
  return value === undefined ? {} : { [key]: value };
}

/** Leaves out what Go's `omitempty` would: absent, null, empty. */
function compact(meta: ObjectMeta): ObjectMeta {
  const entries = Object.entries(meta).filter(([key, value]) => {
    if (value === undefined || value === null || value === "" || key === "selfLink") return false;
    return typeof value !== "object" || Object.keys(value).length > 0;
  });
  return Object.fromEntries(entries) as ObjectMeta;
}
