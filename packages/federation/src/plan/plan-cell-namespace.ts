import type { KubernetesObject } from "@cellplane/apimachinery";
import type { TopologyStatusName } from "../api/topology-status.ts";
import { annotations } from "../api/names.ts";
import { parseSource } from "../template/source.ts";
import { describeOwner } from "./ownership.ts";

/** What is to be done about a cell's namespace before the first write to the cell. */
export type CellNamespacePlan =
  | { readonly kind: "create" }
  | { readonly kind: "ready" }
  /** It was there before: labels and annotations of ours are added to it. */
  | { readonly kind: "adopt"; readonly object: KubernetesObject }
  | { readonly kind: "refused"; readonly status: TopologyStatusName; readonly reason: string };

/** Compares the wanted namespace of a cell with the member's; `live` is absent where there is none. */
export function planCellNamespace(
  wanted: KubernetesObject,
  live: KubernetesObject | undefined,
  {
    adoption,
    controlPlaneId,
  }: { readonly adoption: "adopt" | "refuse"; readonly controlPlaneId: string },
): CellNamespacePlan {
  if (live === undefined) return { kind: "create" };
  const name = JSON.stringify(wanted.metadata.name);
  if (live.metadata.deletionTimestamp !== undefined) {
    const reason = `namespace ${name} is being deleted in the member`;
    return { kind: "refused", status: "CreationFailed", reason };
  }
  const source = live.metadata.annotations?.[annotations.source];
  if (source === wanted.metadata.annotations?.[annotations.source]) return { kind: "ready" };
  if (source !== undefined) {
    const owner = describeOwner(parseSource(source), source, controlPlaneId);
    return {
      kind: "refused",
      status: "AlreadyOwned",
      reason: `namespace ${name} is owned by ${owner}`,
    };
  }
  if (adoption === "refuse") {
    const reason = `namespace ${name} existed before, and adoption is disabled`;
    return { kind: "refused", status: "AlreadyExists", reason };
  }
  const { labels, annotations: set, ...rest } = live.metadata;
  const metadata = {
    ...rest,
    labels: { ...labels, ...wanted.metadata.labels },
    annotations: { ...set, ...wanted.metadata.annotations, [annotations.adopted]: "true" },
  };
  return { kind: "adopt", object: { ...live, apiVersion: "v1", kind: "Namespace", metadata } };
}
