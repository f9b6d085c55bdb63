import { parseJson, StatusError } from "@cellplane/apimachinery";
import { type RestClient, statusErrorOf } from "@cellplane/client";
import {
  groups,
  type PlacementDiff,
  type PlacementExplanation,
  type RevisionHistory,
} from "@cellplane/federation";
import type { FederatedTarget } from "./find-federated.ts";

/** What one of the questions is narrowed to. */
export interface InspectQuery {
  readonly topology?: string;
  readonly revision?: number;
}

/** Why an object is where it is, as its controller sees it. */
export async function readExplanation(
  controlPlane: RestClient,
  target: FederatedTarget,
  query: InspectQuery = {},
): Promise<PlacementExplanation> {
  return (await ask(controlPlane, target, "explain", query)) as PlacementExplanation;
}

/** What would change in members, were nothing held. */
export async function readDiff(
  controlPlane: RestClient,
  target: FederatedTarget,
  query: InspectQuery = {},
): Promise<PlacementDiff> {
  return (await ask(controlPlane, target, "diff", query)) as PlacementDiff;
}

/** The kept revisions. */
export async function readHistory(
  controlPlane: RestClient,
  target: FederatedTarget,
  query: InspectQuery = {},
): Promise<RevisionHistory> {
  return (await ask(controlPlane, target, "history", query)) as RevisionHistory;
}

async function ask(
  controlPlane: RestClient,
  { path, name }: FederatedTarget,
  what: string,
  query: InspectQuery,
): Promise<unknown> {
  const home =
    path.namespace === undefined ? "" : `/namespaces/${encodeURIComponent(path.namespace)}`;
  const plural = path.group === groups.types ? path.resource : `${path.resource}.${path.group}`;
  const base = `/apis/inspect.cellplane.io/v1alpha1${home}/${plural}/${encodeURIComponent(name)}/${what}`;
  const parameters = new URLSearchParams();
  if (query.topology !== undefined) parameters.set("topology", query.topology);
  if (query.revision !== undefined) parameters.set("revision", `${query.revision}`);
  const suffix = parameters.size === 0 ? "" : `?${parameters.toString()}`;
  const { status, body } = await controlPlane.raw({ method: "GET", path: base + suffix });
  const text = new TextDecoder().decode(body);
  if (status === 200) return parseJson(text);
  const error = statusErrorOf(status, text);
  if (
    error.reason === "NotFound" &&
    error.message.includes("could not find the requested resource")
  ) {
    const message = `Cannot ask "${controlPlane.server}" as it must be a cellplane control plane that federates ${plural}: ${error.message}`;
    throw new StatusError("NotFound", message, { cause: error });
  }
  throw error;
}
