import { isJsonObject, type KubernetesObject, parseJson } from "@cellplane/apimachinery";

/** Where client-go's older locks, and so KubeFed, keep the record: an annotation. */
export const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

/** Who leads, in the words of client-go's `LeaderElectionRecord`. */
export interface LeaderRecord {
  /** Empty: released. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** RFC 3339. For people to read: no decision is made from the holder's clock. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaderTransitions: number;
}

/** The record of a lock object; `undefined` where there is none, or none that can be read. */
export function readLeaderRecord(object: KubernetesObject | undefined): LeaderRecord | undefined {
  const text = object?.metadata.annotations?.[leaderAnnotation];
  return text === undefined ? undefined : parseLeaderRecord(text);
}

/** Parses the annotation. What is malformed counts as no record, as nobody could renew it. */
export function parseLeaderRecord(text: string): LeaderRecord | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { holderIdentity, leaseDurationSeconds, leaderTransitions } = value;
  return {
    holderIdentity: typeof holderIdentity === "string" ? holderIdentity : "",
    leaseDurationSeconds: typeof leaseDurationSeconds === "number" ? leaseDurationSeconds : 0,
    acquireTime: textOf(value["acquireTime"]),
    renewTime: textOf(value["renewTime"]),
    leaderTransitions: typeof leaderTransitions === "number" ? leaderTransitions : 0,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
