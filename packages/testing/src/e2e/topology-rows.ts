import { isJsonArray, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";

interface TopologyEntry {
  readonly name: string;
  readonly revision?: number;
  readonly status?: string;
  readonly behind?: number;
  readonly drifted?: boolean;
}

/** What the status tells of each topology, in words: `7`, `6 Held behind 1 drifted`, `NotReleased`. */
export function topologyRows(object: KubernetesObject): Readonly<Record<string, string>> {
  const { status } = object;
  if (!isJsonObject(status)) return {};
  // A status of an earlier generation tells of what was asked before.
  if (status["observedGeneration"] !== object.metadata.generation) return {};
  const topologies = status["topologies"];
  const entries = isJsonArray(topologies)
    ? (topologies as unknown as readonly TopologyEntry[])
    : [];
  return Object.fromEntries(entries.map((entry) => [entry.name, wordsOf(entry)]));
}

function wordsOf({ revision, status, behind, drifted }: TopologyEntry): string {
  const words = [
    revision === undefined ? "" : `${revision}`,
    status ?? "",
    behind === undefined ? "" : `behind ${behind}`,
    drifted === true ? "drifted" : "",
  ];
  return words.filter((word) => word !== "").join(" ");
}
