import type { KubernetesObject, ObjectMeta } from "@cellplane/apimachinery";
import { annotations, groups } from "../api/names.ts";

/** Which control plane, federated object and topology a member object was written for. */
export interface Source {
  readonly controlPlaneId: string;
  /** `FederatedDeployment`; with its group where that is not the usual one. */
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** The KubeFedCluster, which stays the same however topologies are named. */
  readonly member: string;
}

/** The `source` annotation: five parts, none of which can hold a slash. */
export function formatSource(source: Source): string {
  const { controlPlaneId, kind, namespace, name, member } = source;
  return [controlPlaneId, kind, namespace, name, member].join("/");
}

/** Reads a `source` annotation; `undefined` where it is none. */
export function parseSource(text: string | undefined): Source | undefined {
  const parts = text?.split("/") ?? [];
  const [controlPlaneId, kind, namespace, name, member] = parts;
  if (parts.length !== 5 || !controlPlaneId || !kind || namespace === undefined) return undefined;
  return name && member ? { controlPlaneId, kind, namespace, name, member } : undefined;
}

/** The source of what a federated object writes to one member. */
export function sourceOf(
  object: KubernetesObject,
  { controlPlaneId, member }: { readonly controlPlaneId: string; readonly member: string },
): Source {
  const { kind = "", apiVersion = "", metadata } = object;
  const group = apiVersion.split("/")[0] ?? "";
  return {
    controlPlaneId,
    kind: group === groups.types ? kind : `${kind}.${group}`,
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    member,
  };
}

/** What stands in the annotations of every member object. */
export interface Bookkeeping {
  readonly source: string;
  /** Of the federated object. */
  readonly uid: string;
  /** Of the federated object when it was written. */
  readonly generation: number;
  /** At the last write; never by itself a cause to write. */
  readonly revision: number;
  readonly hash: string;
  readonly adopted: boolean;
}

/** The object with its bookkeeping, in the same write as what it tells of. */
export function withBookkeeping(object: KubernetesObject, book: Bookkeeping): KubernetesObject {
  const all = {
    ...object.metadata.annotations,
    [annotations.source]: book.source,
    [annotations.uid]: book.uid,
    [annotations.generation]: `${book.generation}`,
    [annotations.revision]: `${book.revision}`,
    [annotations.hash]: book.hash,
    ...(book.adopted ? { [annotations.adopted]: "true" } : {}),
  };
  return { ...object, metadata: { ...object.metadata, annotations: all } };
}

/** What a member object says of who wrote it; `undefined` where nobody of ours did. */
export function readBookkeeping(metadata: ObjectMeta): Bookkeeping | undefined {
  const all = metadata.annotations ?? {};
  const source = all[annotations.source];
  if (source === undefined) return undefined;
  return {
    source,
    uid: all[annotations.uid] ?? "",
    generation: Number(all[annotations.generation] ?? 0) || 0,
    revision: Number(all[annotations.revision] ?? 0) || 0,
    hash: all[annotations.hash] ?? "",
    adopted: all[annotations.adopted] === "true",
  };
}
