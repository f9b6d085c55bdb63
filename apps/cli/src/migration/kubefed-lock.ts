import { isJsonObject, isStatus, type KubernetesObject, parseJson } from "@cellplane/apimachinery";
import { abortableDelay, type ResourcePath, type RestClient } from "@cellplane/client";
import { kubefed } from "@cellplane/federation";
import { CliError } from "../program/cli-error.ts";

const recordAnnotation = "control-plane.alpha.kubernetes.io/leader";
// After so many lease durations without a renewal no clock is wrong enough for it to be running.
const certainlyOverAfterLeases = 8;

/** Who leads by KubeFed's lock (reference §4.2), and when that was last renewed. */
export interface LockRecord {
  readonly holder: string;
  readonly leaseMs: number;
  /** By the holder's clock. */
  readonly renewedAtMs: number;
}

/** What a record says by itself at a time of day. */
export type LockState = "free" | "running" | "unsure";

/** Reads a lock's record; `undefined` where there is none. */
export function readLockRecord(object: KubernetesObject): LockRecord | undefined {
  const text = object.metadata.annotations?.[recordAnnotation];
  if (text === undefined) return undefined;
  try {
    const record = parseJson(text);
    if (!isJsonObject(record)) return undefined;
    const { holderIdentity, leaseDurationSeconds, renewTime } = record;
    return {
      holder: typeof holderIdentity === "string" ? holderIdentity : "",
      leaseMs: (typeof leaseDurationSeconds === "number" ? leaseDurationSeconds : 15) * 1000,
      renewedAtMs: Date.parse(typeof renewTime === "string" ? renewTime : "") || 0,
    };
  } catch {
    return undefined;
  }
}

/** Whether the holder of a lock is running, as far as times of day can tell. */
export function judgeLock(record: LockRecord | undefined, nowMs: number): LockState {
  if (record === undefined || record.holder === "") return "free";
  const ageMs = nowMs - record.renewedAtMs;
  if (ageMs < record.leaseMs) return "running";
  return ageMs > record.leaseMs * certainlyOverAfterLeases ? "free" : "unsure";
}

/**
 * The holder of KubeFed's lock, if it is running: a lock that might be stale is watched for as long
 * as its lease lasts, as KubeFed's own candidates do.
 */
export async function findRunningKubefed(
  client: RestClient,
  systemNamespace: string,
  tell: (text: string) => void,
): Promise<string | undefined> {
  for (const resource of ["configmaps", "endpoints"]) {
    const path: ResourcePath = { group: "", version: "v1", resource, namespace: systemNamespace };
    const record = await readLock(client, path);
    const state = judgeLock(record, Date.now());
    if (record === undefined || state === "free") continue;
    if (state === "running") return record.holder;
    tell(`watching the lock of "${record.holder}" for ${record.leaseMs / 1000} s`);
    await abortableDelay(record.leaseMs, AbortSignal.timeout(record.leaseMs * 2));
    const later = await readLock(client, path);
    if (later && later.renewedAtMs !== record.renewedAtMs && later.holder !== "") {
      return later.holder;
    }
  }
  return undefined;
}

/** The refusal to go on beside a running KubeFed. */
export function stillRunning(holder: string, systemNamespace: string): CliError {
  return new CliError(
    `Cannot migrate as KubeFed's controller still runs: "${holder}" holds the lock ${systemNamespace}/${kubefed.leaderElectionName}. Stop it first: kubectl -n ${systemNamespace} scale deployment kubefed-controller-manager --replicas=0; nothing was changed`,
  );
}

async function readLock(client: RestClient, path: ResourcePath): Promise<LockRecord | undefined> {
  try {
    return readLockRecord(await client.get(path, kubefed.leaderElectionName));
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}
