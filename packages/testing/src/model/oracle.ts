import type { KubernetesObject } from "@cellplane/apimachinery";
import { contentOf, seenBy, selects } from "./model-placement.ts";
import { tenants } from "./model-state.ts";
import { readLive } from "./observation.ts";
import { kinds, payloads } from "./payload.ts";
import type { ObjectVersion, Timeline, TopologyVersion } from "./timeline.ts";
import { clusterTenants } from "./world.ts";
import type { RecordedWrite } from "./write-recorder.ts";

/** A write that nothing asked for, and why nothing did. */
export interface UnexplainedWrite {
  readonly write: RecordedWrite;
  readonly why: string;
}

/**
 * Explains each write in a member by the rules of the design page's §4, from what could be acted
 * upon at its moment; returns those that nothing explains.
 */
export function findUnexplained(
  writes: readonly RecordedWrite[],
  timeline: Timeline,
): readonly UnexplainedWrite[] {
  const bytes = new Map<string, string>();
  return writes.flatMap((write) => {
    const why = explain(write, timeline, bytes);
    return why === undefined ? [] : [{ write, why }];
  });
}

/** Why a write is not allowed; `undefined` where it is. `bytes`: by hash, what was written. */
function explain(
  write: RecordedWrite,
  timeline: Timeline,
  bytes: Map<string, string>,
): string | undefined {
  if (write.resource === "namespaces") return explainNamespace(write, timeline);
  const kind = kinds.find((each) => payloads[each].resource === write.resource);
  if (kind === undefined) return "nothing writes this resource";
  const after = write.object && readLive(kind, write.object);
  const before = write.oldObject && readLive(kind, write.oldObject);
  const source = after?.source ?? before?.source;
  if (source === undefined) return "what it writes carries no source";
  const [federated = "", namespace = "", name = "", member = ""] = source.split("/");
  const key = `${federated.replace(/^Federated/, "")}/${namespace}/${name}`;
  const versions = timeline.versionsAt(key, write.atMs);
  const topologies = timeline.topologiesAt(write.atMs);
  const place = { write, member, versions, topologies, timeline };
  if (write.operation === "DELETE")
    return explainRemoval(place, { source, uid: before?.uid ?? "" });
  if (after?.source === undefined) return explainRelease(place);
  if (before?.uid === after.uid && (before?.generation ?? 0) > (after.generation ?? 0)) {
    return `it overwrites the later generation ${before?.generation ?? 0}`;
  }
  return explainPut(place, after, bytes);
}

interface Place {
  readonly write: RecordedWrite;
  readonly member: string;
  readonly versions: readonly ObjectVersion[];
  readonly topologies: readonly TopologyVersion[];
  readonly timeline: Timeline;
}

type Pair = readonly [ObjectVersion, TopologyVersion];

function some({ versions, topologies }: Place, allows: (pair: Pair) => boolean): boolean {
  return versions.some((version) => topologies.some((each) => allows([version, each])));
}

/** How an object stands to the member written to; `undefined` where it may not even see it. */
function scopeIn({ write, member }: Place, [version, topologies]: Pair) {
  const seen = seenBy(version, version.spec, topologies).find(
    (each) =>
      each.member === member &&
      each.cluster === write.cluster &&
      each.namespace === write.namespace,
  );
  if (!seen) return undefined;
  const { placement, mask } = version.spec;
  return {
    seen,
    isPlaced: selects(placement, seen),
    isMasked: mask === undefined || selects(mask, seen),
  };
}

function explainRemoval(
  place: Place,
  { source, uid }: { readonly source: string; readonly uid: string },
): string | undefined {
  const { timeline } = place;
  if (timeline.tombstones.some((each) => each.source === source && each.uid === uid))
    return undefined;
  const isAsked = some(place, (pair) => {
    const scope = scopeIn(place, pair);
    if (!scope) return false;
    if (pair[0].deleting !== undefined) return pair[0].deleting === "delete";
    return !scope.isPlaced && scope.isMasked;
  });
  return isAsked ? undefined : "no state asked for its deletion there";
}

function explainRelease(place: Place): string | undefined {
  const isAsked = some(place, ([version]) => version.deleting === "orphan");
  return isAsked ? undefined : "no state asked to let it go";
}

function explainPut(
  place: Place,
  after: ReturnType<typeof readLive>,
  bytes: Map<string, string>,
): string | undefined {
  const { write, member, timeline, versions } = place;
  const { uid = "", generation = 0, value, hash = "" } = after;
  const own = {
    ...place,
    versions: versions.filter((each) => each.uid === uid && each.generation === generation),
  };
  if (own.versions.length === 0) {
    const could = versions.map((each) => each.generation).join(", ") || "none";
    return `it is of generation ${generation}, which could not be acted upon then (but: ${could})`;
  }
  const known = `${write.cluster} ${write.namespace}/${write.name} ${hash}`;
  const isReleased = some(own, (pair) => {
    const [version] = pair;
    const scope = scopeIn(place, pair);
    if (!scope?.isPlaced || !scope.isMasked || version.deleting !== undefined) return false;
    return contentsOf(version, timeline).some((each) => contentOf(each, scope.seen) === value);
  });
  if (isReleased) {
    bytes.set(known, value);
    return undefined;
  }
  const ledger = timeline.hashesBefore(uid, member, write.atMs).at(-1);
  const isPinned = some(own, (pair) => {
    const scope = scopeIn(place, pair);
    const { policy } = pair[0].spec;
    return scope?.isPlaced === true && !scope.isMasked && policy === "Pin";
  });
  if (!isPinned) return "no state has that member in placement and in the mask, with these bytes";
  if (hash !== ledger) return `Pin wrote hash ${hash}, and the ledger's is ${ledger ?? "none"}`;
  return bytes.get(known) === value ? undefined : "Pin wrote bytes that were never written there";
}

/** What a state asks for: its own content, or each that its revision's number ever had. */
function contentsOf({ uid, spec }: ObjectVersion, { revisions }: Timeline) {
  if (spec.revision === undefined) return [spec];
  return (revisions.get(uid) ?? []).filter(({ number }) => number === spec.revision);
}

function explainNamespace(write: RecordedWrite, timeline: Timeline): string | undefined {
  const { name, cluster, operation, atMs } = write;
  if (operation === "DELETE") return "nothing deletes namespaces in this model";
  const tenant = tenants[name];
  if (tenant !== undefined) {
    return clusterTenants[cluster] === tenant ? undefined : "the cluster is another tenant's";
  }
  const topologies = timeline.topologiesAt(atMs);
  const isAsked = Array.from(timeline.objects.keys()).some((key) => {
    const versions = timeline.versionsAt(key, atMs);
    return versions.some((version) =>
      topologies.some((each) =>
        seenBy(version, version.spec, each).some((seen) => {
          const { placement, mask, policy } = version.spec;
          if (seen.cluster !== cluster || seen.namespace !== name) return false;
          const isOpen = mask === undefined || selects(mask, seen) || policy === "Pin";
          return selects(placement, seen) && isOpen && version.deleting === undefined;
        }),
      ),
    );
  });
  return isAsked ? undefined : "no object was to be written to that cell";
}

/** A write in words. */
export function formatWrite({
  operation,
  cluster,
  resource,
  namespace,
  name,
  object,
  oldObject,
  atMs,
}: RecordedWrite): string {
  const kind = kinds.find((each) => payloads[each].resource === resource);
  const words = (each: KubernetesObject | undefined): string =>
    each && kind ? JSON.stringify(readLive(kind, each)) : "";
  const place = namespace === "" ? name : `${namespace}/${name}`;
  const when = new Date(atMs).toISOString().slice(11, 23);
  return `${when} ${operation} ${resource} ${place} in ${cluster} ${words(object)} was ${words(oldObject)}`;
}
