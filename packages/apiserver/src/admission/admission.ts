import type {
  GroupVersionKind,
  GroupVersionResource,
  KubernetesObject,
} from "@cellplane/apimachinery";
import type { SettledOutcome } from "../registry/write-request.ts";
import type { UserInfo } from "../request/user.ts";

/** What admission decides upon: the fields of an AdmissionReview request. */
export interface AdmissionRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly gvk: GroupVersionKind;
  readonly gvr: GroupVersionResource;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent for DELETE. In the request's version. */
  readonly object?: KubernetesObject;
  /** Absent for CREATE. */
  readonly oldObject?: KubernetesObject;
  readonly options: KubernetesObject | undefined;
  readonly dryRun: boolean;
  readonly user: UserInfo;
  /**
   * To be awaited before deciding by what there is, where the decision must be exact: caches then
   * show what was written under these guards, and the request is decided anew if anybody writes
   * under them before it does. Absent: no other server has the store open.
   */
  readonly guard?: (names: readonly string[]) => Promise<void>;
  /** Adds a `Warning` header. */
  readonly warn: (text: string) => void;
}

/**
 * One admission plug-in. `mutate` runs in order before validation and may return a new object;
 * `validate` runs after it. Both refuse by throwing a `StatusError`. The shape is that of an
 * AdmissionReview webhook, so that the same function can be served as one.
 */
export interface AdmissionPlugin {
  readonly name: string;
  /** Whether this plug-in is asked at all; cheap. */
  readonly handles: (request: AdmissionRequest) => boolean;
  readonly mutate?: (
    request: AdmissionRequest,
    signal: AbortSignal,
  ) => Promise<KubernetesObject> | KubernetesObject;
  readonly validate?: (request: AdmissionRequest, signal: AbortSignal) => Promise<void> | void;
  /**
   * Told what became of a creation once, after `validate` was asked about it, whoever refused it. A
   * webhook cannot be told.
   */
  readonly settle?: (request: AdmissionRequest, outcome: SettledOutcome) => void;
}
