import { isJsonObject, type KubernetesObject } from "@cellplane/apimachinery";
import { clusterTopologyType, pluralOfKind } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";

/** Topologies as options name them. */
export interface TopologyOptions {
  readonly cells?: readonly string[];
  readonly clusters?: readonly string[];
  readonly topologies?: readonly string[];
}

/** `a,b`, given once or more often. */
export function parseNames(text: string, before: readonly string[] = []): readonly string[] {
  const names = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  return [...before, ...names];
}

/** The topology type of an object in the topology view. */
export function topologyTypeIn({ spec }: KubernetesObject): string {
  const type = isJsonObject(spec) ? spec["topologyType"] : undefined;
  return typeof type === "string" ? type : clusterTopologyType;
}

/** The heading of a column of topologies: `CELL`, `CLUSTER`, `ZONE`. */
export function headingOf(topologyType: string): string {
  return topologyType.toUpperCase();
}

/**
 * The names that options give; nothing where they give none.
 *
 * @throws {CliError} Where `--cells` or `--clusters` does not suit the object's topology type.
 */
export function namesIn(
  options: TopologyOptions,
  topologyType: string,
): readonly string[] | undefined {
  const given = [
    { word: "cell", names: options.cells },
    { word: "cluster", names: options.clusters },
  ];
  for (const { word, names } of given) {
    if (names === undefined || word === topologyType) continue;
    const right = topologyType === "cell" || topologyType === "cluster" ? topologyType : "topology";
    throw new CliError(
      `Cannot choose ${pluralOfKind(word)} as the object's topology type must be "${word}": it is "${topologyType}"; give its ${pluralOfKind(topologyType)} with --${pluralOfKind(right)}`,
    );
  }
  const all = [options.cells, options.clusters, options.topologies].filter(
    (names) => names !== undefined,
  );
  return all.length === 0 ? undefined : Array.from(new Set(all.flat()));
}
