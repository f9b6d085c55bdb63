import {
  isJsonArray,
  isJsonObject,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import { ConnectionError, type RestClient } from "@cellplane/client";
import { renderTable } from "../output/table.ts";
import { cellNames, cells, namespace } from "./application.ts";

/** What the demo shows of one cell. */
export interface CellRow {
  readonly cell: string;
  readonly cluster: string;
  readonly revision: string;
  /** Of the Deployment as the member has it; `-` where it cannot be read. */
  readonly image: string;
  readonly ready: string;
  readonly state: string;
  /** The member object's own, to see that nobody wrote to it. */
  readonly generation: number | undefined;
}

/** Reads the rows: revision and state from the control plane, image and replicas from the members. */
export async function readRows(
  object: KubernetesObject,
  members: ReadonlyMap<string, RestClient>,
): Promise<readonly CellRow[]> {
  const name = object.metadata.name ?? "";
  const topologies = topologiesOf(object);
  return Promise.all(
    cellNames.map(async (cell) => {
      const cluster = cells[cell] ?? "";
      const entry = topologies.find((each) => each["name"] === cell);
      const live = await readLive(members.get(cluster), cell, name);
      return {
        cell,
        cluster,
        revision: text(entry?.["revision"]),
        image: live === undefined ? "-" : imageIn(live),
        ready: live === undefined ? "-" : readyIn(live),
        state: stateOf(entry),
        generation: live?.metadata.generation,
      };
    }),
  );
}

/** The rows as a table. */
export function renderRows(rows: readonly CellRow[]): string {
  const header = ["CELL", "CLUSTER", "REVISION", "IMAGE", "READY", "STATE"];
  return renderTable(
    header,
    rows.map(({ cell, cluster, revision, image, ready, state }) => [
      cell,
      cluster,
      revision,
      image.replace(/^.*\//, ""),
      ready,
      state,
    ]),
  );
}

function stateOf(entry: JsonObject | undefined): string {
  if (!entry) return "-";
  const status = text(entry["status"], "Released");
  const behind = entry["behind"];
  return typeof behind === "number" ? `${status}, ${behind} behind` : status;
}

async function readLive(
  member: RestClient | undefined,
  cell: string,
  name: string,
): Promise<KubernetesObject | undefined> {
  const path = {
    group: "apps",
    version: "v1",
    resource: "deployments",
    namespace: `${namespace}-${cell}`,
  };
  try {
    return await member?.get(path, name);
  } catch (error) {
    if (isStatus(error, "NotFound") || error instanceof ConnectionError) return undefined;
    throw error;
  }
}

/** The entries of `status.topologies`. */
export function topologiesOf(object: KubernetesObject): readonly JsonObject[] {
  const status = object["status"];
  const list = isJsonObject(status) ? status["topologies"] : undefined;
  return (isJsonArray(list) ? list : []).filter(isJsonObject);
}

function imageIn(live: KubernetesObject): string {
  const spec = live["spec"] as {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly image: string }[] };
    };
  };
  return spec.template.spec.containers[0]?.image ?? "-";
}

function readyIn(live: KubernetesObject): string {
  const spec = live["spec"] as { readonly replicas?: number };
  const status = live["status"] as { readonly readyReplicas?: number } | undefined;
  return `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`;
}

function text(value: unknown, otherwise = "-"): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
}
