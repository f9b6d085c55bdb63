import type { Kind } from "./model-state.ts";
import type { World } from "./world.ts";

const prefix = "federation.cellplane.io/";

/** The parts of `Kind namespace/name`. */
export function parsePlace(place: string): {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
} {
  const [kind = "", rest = ""] = place.split(" ");
  const [namespace = "", name = ""] = rest.split("/");
  return { kind: kind as Kind, namespace, name };
}

/** What makes an object somebody else's. */
export function foreignMarks(refuses: "label" | "other" | undefined): object {
  if (refuses === undefined) return {};
  if (refuses === "label") return { labels: { "kubefed.io/managed": "false" } };
  return {
    labels: { "kubefed.io/managed": "true" },
    annotations: { [`${prefix}source`]: "another/Other/n/o/m", [`${prefix}uid`]: "theirs" },
  };
}

/** Makes a namespace in a member by hand, where it is not there. */
export async function ensureNamespace(world: World, cluster: string, name: string): Promise<void> {
  const { objects } = world.member(cluster).server.api;
  const scope = { group: "", resource: "namespaces" };
  if (await objects.get(scope, name)) return;
  await objects.create(scope, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}
