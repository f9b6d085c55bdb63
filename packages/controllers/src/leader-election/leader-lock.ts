import { isStatus, type KubernetesObject, stringifyJson } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";
import { leaderAnnotation, type LeaderRecord, readLeaderRecord } from "./leader-record.ts";

/** A lock as it was read. */
export interface LockState {
  readonly record: LeaderRecord | undefined;
  /** What a write is conditional upon; `undefined`: there is no such object yet. */
  readonly object: KubernetesObject | undefined;
}

/** One place where candidates leave a record; a write that somebody overtook is lost. */
export interface LeaderLock {
  /** For messages, e.g. `configmaps kube-federation-system/kubefed-controller-manager`. */
  readonly place: string;
  read(signal: AbortSignal): Promise<LockState>;
  write(record: LeaderRecord, over: LockState, signal: AbortSignal): Promise<"written" | "lost">;
}

/** A lock in an annotation of an object, made when first needed. */
export function createAnnotationLock(
  client: RestClient,
  at: { readonly path: ResourcePath; readonly kind: string; readonly name: string },
): LeaderLock {
  const { path, kind, name } = at;
  const { namespace = "" } = path;
  const apiVersion = path.group === "" ? path.version : `${path.group}/${path.version}`;
  return {
    place: `${path.resource} ${namespace}/${name}`,
    async read(signal) {
      try {
        const object = await client.get(path, name, signal);
        return { record: readLeaderRecord(object), object };
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
        return { record: undefined, object: undefined };
      }
    },
    async write(record, { object }, signal) {
      const annotations = {
        ...object?.metadata.annotations,
        [leaderAnnotation]: stringifyJson({ ...record }),
      };
      const base = object ?? { apiVersion, kind, metadata: { name, namespace } };
      const whole = { ...base, metadata: { ...base.metadata, annotations } };
      try {
        await (object
          ? client.update(path, whole, {}, signal)
          : client.create(path, whole, {}, signal));
        return "written";
      } catch (error) {
        if (isStatus(error, "Conflict") || isStatus(error, "AlreadyExists")) return "lost";
        // Deleted since it was read: the next try makes it anew.
        if (object && isStatus(error, "NotFound")) return "lost";
        throw error;
      }
    },
  };
}
