import { isJsonArray, isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";

/** What the status tells of each topology, in words: `7`, `6 Held behind 1 drifted`, `NotReleased`. */
export function topologyRows(object: KubernetesObject): Readonly<Record<string, string>> {
  const { status } = object;
  if (!isJsonObject(status)) return {};
  // A status of an earlier generation tells of what was asked before.
  if (status["observedGeneration"] !== object.metadata.generation) return {};
  const topologies = status["topologies"];
  const entries = (isJsonArray(topologies) ? topologies : []).filter(isJsonObject);
  return Object.fromEntries(
    entries.map((entry) => {
      const { name, revision, status: word, behind, drifted } = entry;
      const words = [
        revision,
        word,
        behind === undefined ? undefined : `behind ${String(behind)}`,
        drifted === true ? "drifted" : undefined,
      ];
      return [String(name), words.filter((each) => each !== undefined).join(" ")];
    }),
  );
}
