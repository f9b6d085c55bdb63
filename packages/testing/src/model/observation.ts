import { isJsonObject, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import type { ObjectScope } from "@cellplane/apiserver";
import type { ResourcePath, RestClient } from "@cellplane/client";
import type { Kind, Revision, Row } from "./model-state.ts";
import { tenants } from "./model-state.ts";
import { federatedResource, kinds, payloads, readContent, valueIn } from "./payload.ts";
import { systemNamespace, type World } from "./world.ts";

const prefix = "federation.cellplane.io/";

/** A federated object as it is. */
export interface ObservedObject {
  readonly uid: string;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly isDeleting: boolean;
  /** By member name. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly revisions: readonly Revision[];
  readonly entries: ReadonlyMap<string, ObservedEntry>;
}

/** An entry of the ledger as it is. */
export interface ObservedEntry {
  readonly revision?: number;
  readonly hash?: string;
}

/** A member's object as it is. */
export interface ObservedLive {
  readonly value: string;
  readonly managed?: string;
  /** Without the control plane's id. */
  readonly source?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly revision?: number;
  readonly hash?: string;
}

/** Everything, at about one moment. */
export interface Observation {
  readonly objects: ReadonlyMap<string, ObservedObject>;
  /** By cluster, then by place. */
  readonly members: ReadonlyMap<string, ReadonlyMap<string, ObservedLive>>;
  readonly tombstones: number;
}

/** Reads everything there is. */
export async function observe(world: World): Promise<Observation> {
  const [objects, tombstones, members] = await Promise.all([
    observeObjects(world.client),
    world.client.list({
      group: "cellplane.io",
      version: "v1alpha1",
      resource: "tombstones",
      namespace: systemNamespace,
    }),
    observeMembers(world),
  ]);
  return { objects, members, tombstones: tombstones.items.length };
}

async function observeObjects(client: RestClient): Promise<Observation["objects"]> {
  const ofCore = { group: "core.kubefed.io", version: "v1alpha1" };
  const [ledgers, revisions, secrets, ...lists] = await Promise.all([
    client.list({ ...ofCore, resource: "propagatedversions" }),
    client.list({ group: "cellplane.io", version: "v1alpha1", resource: "federatedrevisions" }),
    client.list(
      { group: "", version: "v1", resource: "secrets" },
      { fieldSelector: "type=cellplane.io/revision" },
    ),
    ...kinds.map((kind) => client.list(clusterView(kind))),
  ]);
  const frozen = [...revisions.items, ...secrets.items];
  const objects = new Map<string, ObservedObject>();
  for (const [index, kind] of kinds.entries()) {
    for (const object of lists[index]?.items ?? []) {
      const { namespace = "", name = "" } = object.metadata;
      objects.set(`${kind}/${namespace}/${name}`, readObject(kind, object, ledgers.items, frozen));
    }
  }
  return objects;
}

function clusterView(kind: Kind): ResourcePath {
  return { group: "types.kubefed.io", version: "v1beta1", resource: federatedResource(kind) };
}

interface Status {
  readonly observedGeneration?: number;
  readonly clusters?: readonly (Row & { readonly name: string })[];
}

function readObject(
  kind: Kind,
  object: KubernetesObject,
  ledgers: readonly KubernetesObject[],
  frozen: readonly KubernetesObject[],
): ObservedObject {
  const { uid = "", generation = 0, namespace = "", deletionTimestamp } = object.metadata;
  const status = (object["status"] ?? {}) as Status;
  const isOwn = ({ metadata }: KubernetesObject): boolean =>
    metadata.ownerReferences?.some((each) => each.uid === uid) ?? false;
  const ledger = (ledgers.find(isOwn)?.["status"] ?? {}) as {
    readonly clusterVersions?: readonly (ObservedEntry & { readonly clusterName: string })[];
  };
  const revisions = frozen
    .filter(isOwn)
    .map((each) => readRevision(kind, namespace, each))
    .toSorted((left, right) => left.number - right.number);
  return {
    uid,
    generation,
    observedGeneration: status.observedGeneration ?? 0,
    isDeleting: deletionTimestamp !== undefined,
    rows: new Map((status.clusters ?? []).map((row) => [row.name, row])),
    revisions,
    entries: new Map((ledger.clusterVersions ?? []).map((each) => [each.clusterName, each])),
  };
}

function readRevision(kind: Kind, namespace: string, object: KubernetesObject): Revision {
  const number = Number(object.metadata.name?.split("-").at(-1));
  return { number, ...readContent(kind, namespace, frozenIn(object)) };
}

function frozenIn(object: KubernetesObject): Parameters<typeof readContent>[2] {
  const { spec, data } = object;
  if (isJsonObject(spec)) return spec;
  const [text] = isJsonObject(data) ? Object.values(data) : [];
  const parsed = parseJson(
    typeof text === "string" ? Buffer.from(text, "base64").toString() : "{}",
  );
  return isJsonObject(parsed) ? parsed : {};
}

async function observeMembers(world: World): Promise<Observation["members"]> {
  const found = new Map<string, Map<string, ObservedLive>>();
  for (const [cluster, { server }] of world.members) {
    const places = new Map<string, ObservedLive>();
    found.set(cluster, places);
    for (const kind of kinds) {
      for (const object of await server.api.objects.list(memberScope(kind))) {
        const { namespace = "", name = "" } = object.metadata;
        if (!isOfModel(namespace) || name === "kube-root-ca.crt") continue;
        places.set(`${kind} ${namespace}/${name}`, readLive(kind, object));
      }
    }
  }
  return found;
}

/** A member's objects of a kind. */
export function memberScope(kind: Kind, namespace?: string): ObjectScope {
  const { group, resource } = payloads[kind];
  return { group, resource, ...(namespace === undefined ? {} : { namespace }) };
}

function isOfModel(namespace: string): boolean {
  return Object.keys(tenants).some(
    (each) => namespace === each || namespace.startsWith(`${each}-`),
  );
}

/** What a member's object says. */
export function readLive(kind: Kind, object: KubernetesObject): ObservedLive {
  const { labels = {}, annotations = {} } = object.metadata;
  const managed = labels["kubefed.io/managed"];
  const value = valueIn(kind, object as Parameters<typeof valueIn>[1]);
  const source = annotations[`${prefix}source`];
  if (source === undefined) return { value, ...(managed === undefined ? {} : { managed }) };
  return {
    value,
    ...(managed === undefined ? {} : { managed }),
    source: source.slice(source.indexOf("/") + 1),
    uid: annotations[`${prefix}uid`] ?? "",
    generation: Number(annotations[`${prefix}generation`]),
    revision: Number(annotations[`${prefix}revision`]),
    hash: annotations[`${prefix}hash`] ?? "",
  };
}
